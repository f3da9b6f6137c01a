import dataclasses
import hashlib
from pathlib import Path

import pytest

from edgecheck.errors import InputMissing, SpecError, UnusableError
from edgecheck.spec.load import load_spec
from edgecheck.spec.model import Spec


def test_minimal_spec_has_the_documented_defaults(load):
    spec = load("version: 1\nmodel: {task: other}\ninputs: {x: {kind: array}}\n").spec
    assert spec.inputs["x"].steps == ()
    assert (spec.state, spec.ignore, spec.outputs) == ("reset", (), {})
    assert (spec.dataset, spec.target, spec.tolerances, spec.signature) == (None,) * 4


def test_every_key_is_read(load, full):
    spec = load(full).spec
    assert spec.model.labels == ("zero", "one")
    assert spec.inputs["image"].range == (-1.0, 1.0)
    assert spec.dataset.order == "file"
    assert spec.dataset.seed == 3
    assert spec.tolerances.sqnr_db == 20.0
    assert spec.ignore[0].reason == "thresholds are above 0.5"
    assert spec.outputs["extra"].activation == "none"
    assert not set(Spec.model_fields) - spec.model_fields_set


def test_spec_cannot_be_changed(load, full):
    loaded = load(full)
    with pytest.raises(dataclasses.FrozenInstanceError):
        loaded.source = Path("other")
    with pytest.raises(ValueError, match="frozen"):
        loaded.spec.model.task = "other"


def test_sha256_is_that_of_the_file(load, full):
    assert load(full).sha256 == hashlib.sha256(full.encode()).hexdigest()


def test_paths_are_relative_to_the_spec_file(load, full, tmp_path):
    loaded = load(full)
    assert loaded.resolve("a/b.png") == tmp_path / "a" / "b.png"
    assert loaded.resolve(str(tmp_path / "c")) == tmp_path / "c"


@pytest.mark.parametrize(
    ("path", "position"),
    [
        ((), "1:1"),
        (("inputs", "image"), "8:3"),
        (("inputs", "image", "range"), "12:5"),
        (("inputs", "image", "steps", 1, "resize", "method"), "15:35"),
        (("inputs", "image", "steps", 6), "20:9"),
        (("inputs", "gray", "range"), "23:3"),
        (("inputs", "gray", "steps", 0, "to-gray"), "25:13"),
        (("nothing",), "1:1"),
    ],
)
def test_position_is_that_of_the_nearest_key_in_the_file(load, full, path, position):
    loaded = load(full)
    assert loaded.position(path) == f"{loaded.source}:{position}"


def test_windows_line_ends_do_not_shift_positions(load, full):
    loaded = load(full.replace("\n", "\r\n"))
    line = full.splitlines().index("signature: serving_default") + 1
    assert loaded.position(("signature",)).endswith(f":{line}:1")


def test_missing_file_is_an_input_that_is_missing(tmp_path):
    with pytest.raises(InputMissing, match="no spec at") as caught:
        load_spec(tmp_path / "absent.yaml")
    assert caught.value.exit_code == 3


def test_folder_is_unusable(tmp_path):
    with pytest.raises(UnusableError, match="cannot read the spec"):
        load_spec(tmp_path)


def test_all_problems_come_at_once_in_file_order(problems):
    text = (
        "version: 1\n"
        "modle: {task: other}\n"
        "inputs:\n"
        "  x: {kind: imag, shape: [0, '3']}\n"
        "  x: {kind: image}\n"
        "state: flow\n"
        "signature: !!str a\n"
    )
    assert [line.split(": ", 2)[:2] for line in problems(text)] == [
        ["1:1", ""],  # `model` is missing
        ["2:1", "modle"],
        ["4:13", "inputs.x.kind"],
        ["4:27", "inputs.x.shape[0]"],
        ["4:30", "inputs.x.shape[1]"],
        ["5:3", "inputs.x"],
        ["6:8", "state"],
        ["7:12", ""],  # a tag
    ]


def test_error_names_file_line_and_column(load):
    with pytest.raises(SpecError) as caught:
        load("version: 1\nmodel: {task: other}\ninputs: {x: {kind: imag}}\n")
    assert caught.value.exit_code == 2
    assert str(caught.value) == (
        f"{caught.value.file}:3:20: inputs.x.kind: found 'imag', expected one of image, array, table, audio;"
        " did you mean 'image'?"
    )
