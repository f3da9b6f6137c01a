import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.runtime.operators import table as module
from edgecheck.runtime.operators.table import FAMILIES, highest, release_order, table

ROOT = Path(__file__).parents[3]
FOLDER = Path(module.__file__).parent


@pytest.mark.parametrize("family", FAMILIES)
def test_every_release_says_where_its_answers_come_from(family):
    content = json.loads((FOLDER / f"{family.replace('-', '_')}.json").read_text())
    assert content["family"] == family
    for facts in content["releases"].values():
        assert facts.keys() in ({"package", "python"}, {"derived_from", "python"})


def test_the_tables_are_small_package_data():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.json")) < 200_000


@pytest.mark.parametrize("family", FAMILIES)
def test_no_newer_release_lacks_what_an_older_one_has_but_for_two_exceptions(family):
    known = table(family)
    # The Flex delegate was taken out; TensorFlow 2.5 went back to version 3 of ADD.
    exceptions = {"Flex*"} | ({"ADD"} if family == "tensorflow" else set())
    for is_custom, changes in ((False, known.builtins), (True, known.custom)):
        for name in set(changes) - exceptions:
            held = [known.versions(name, r, is_custom=is_custom) for r in known.releases]
            sets = [_expanded(versions) for versions in held]
            assert all(a <= b for a, b in itertools.pairwise(sets)), name


def test_flex_left_the_python_packages_of_tensorflow():
    known = table("tensorflow")
    assert known.versions("Flex*", "2.14.1", is_custom=True) == "any"
    assert known.versions("Flex*", "2.21.0", is_custom=True) == ""


@pytest.mark.parametrize("minor", [7, 8, 9, 10, 11, 12, 13, 14])
def test_tensorflow_and_tflite_runtime_of_one_minor_release_know_the_same(minor):
    # This is why TensorFlow can stand for releases of tflite-runtime that no index serves.
    runtime, tensorflow = table("tflite-runtime"), table("tensorflow")
    ours, theirs = (
        next(r for r in known.releases if release_order(r)[1] == minor)
        for known in (runtime, tensorflow)
    )
    for name in runtime.builtins.keys() | tensorflow.builtins.keys():
        assert runtime.versions(name, ours, is_custom=False) == tensorflow.versions(
            name, theirs, is_custom=False
        )


def test_an_operator_is_known_since_the_release_from_which_on_all_have_it():
    known = table("tensorflow")
    assert known.known_since("ADD", 4, is_custom=False) == "2.6.5"
    assert known.known_since("Flex*", 1, is_custom=True) is None
    assert known.known_since("ADD", 40, is_custom=False) is None


def test_a_name_without_a_table_is_refused():
    with pytest.raises(KeyError):
        table("../litert")


@pytest.mark.parametrize(
    "ordered",
    [
        ["2.9.1", "2.14.0rc1", "2.14.0", "2.14.1", "2.15"],
        ["2.13.9", "2.14.0.dev20240101", "2.14.0-rc0", "2.14.0"],
        ["0.dev20231115", "0.dev20241202", "0.1"],
    ],
)
def test_releases_are_ordered_by_age(ordered):
    orders = [release_order(release) for release in ordered]
    assert orders == sorted(orders)
    assert len(set(orders)) == len(ordered)


def test_missing_parts_and_local_labels_make_no_difference():
    assert release_order("2.14") == release_order("2.14.0") == release_order("2.14.0+cpu7")


@given(st.text(max_size=30))
def test_any_text_has_a_place_in_the_order(text):
    assert len(release_order(text)) == 6


@given(st.sets(st.integers(1, 40), min_size=1))
def test_ranges_hold_exactly_the_versions_that_were_written(versions):
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from generate_operator_tables import written
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    text = written(versions)
    assert {number for number in range(50) if module._holds(text, number)} == versions
    assert highest(text) == max(versions)


def test_tables_are_what_the_runtimes_here_say():
    """The generator's questions, put to tflite-runtime and LiteRT as installed here."""
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT is the oracle here")
    from importlib.metadata import version

    release = version("ai-edge-litert")
    known = table("litert")
    if release not in known.releases:
        pytest.skip(f"ai-edge-litert {release} is not in the table")
    from tflite_writer import OpDef, TensorDef, build_model

    tensors = [TensorDef("x", (1, 4)), TensorDef("y", (1, 4))]
    for name, number in (("FULLY_CONNECTED", 40), ("ADD", 5), ("ADD", 6), ("BROADCAST_TO", 1)):
        model = build_model(tensors, [OpDef(name, [0], [1], version=number)], [0], [1])
        accepted = known.accepts(name, number, release, is_custom=False)
        assert _is_made(litert, model) == accepted, (name, number)


def _is_made(package, model):
    try:
        package.Interpreter(model_content=model)
    except ValueError as error:
        said = str(error)
    else:
        said = ""
    assert said == "" or "Didn't find op" in said
    return said == ""


def _expanded(versions):
    if versions == "any":
        return {"any"}
    return {number for number in range(50) if module._holds(versions, number)}


def test_the_generator_explains_itself():
    script = ROOT / "scripts" / "generate_operator_tables.py"
    run = subprocess.run(
        [sys.executable, str(script), "--help"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0
    assert "--family" in run.stdout
