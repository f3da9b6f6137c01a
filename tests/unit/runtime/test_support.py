import json
import os
from pathlib import Path

import pytest
import tflite
from models import GraphDef, OpDef, TensorDef, build_file, build_model

from edgecheck.errors import ModelFileInvalid
from edgecheck.runtime.support import loads, reach
from edgecheck.tflite.reader import load_model, read_model

CORPUS = Path(os.environ.get("EDGECHECK_CORPUS", "nowhere"))
TENSORS = [TensorDef("x", (1, 4)), TensorDef("y", (1, 4))]
PACKAGES = {"ai-edge-litert": "litert"}
OPERATOR_WORDS = (
    "unresolved custom op",
    "Select TensorFlow op(s)",
    "Didn't find op for builtin",
    "builtin_code out of range",
)


def _model(name="FULLY_CONNECTED", version=1, custom=None):
    operator = OpDef(name, [0], [1], version=version, custom_code=custom)
    return read_model(build_model(TENSORS, [operator], [0], [1]))


def test_a_version_within_the_range_of_the_release_loads():
    assert loads(_model(version=10), "tflite-runtime", "2.14.0").verdict == "yes"


def test_a_version_above_it_does_not_and_the_answer_says_since_when_it_does():
    answer = loads(_model(version=10), "tflite-runtime", "2.11.0")
    assert answer.verdict == "no"
    (lack,) = answer.lacks
    assert (lack.kind, lack.highest, lack.known_since) == ("version", 9, "2.13.0")


def test_an_operator_that_the_release_lacks_altogether_is_a_builtin_that_is_missing():
    answer = loads(_model("STABLEHLO_COMPOSITE"), "tflite-runtime", "2.14.0")
    assert [(lack.kind, lack.highest) for lack in answer.lacks] == [("builtin", None)]


@pytest.mark.parametrize(
    ("release", "verdict"),
    [
        ("2.12.3", "unknown"),  # between 2.12.0, which refuses, and 2.13.0, which takes it
        ("2.10.7", "no"),  # between two that refuse
        ("2.13.5", "yes"),  # between two that take it
        ("2.99", "yes"),
        ("1.13", "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_an_unmeasured_release_is_judged_by_its_neighbours(release, verdict):
    assert loads(_model(version=10), "tflite-runtime", release).verdict == verdict


def test_what_the_newest_release_lacks_a_newer_one_may_have():
    assert loads(_model(version=40), "tflite-runtime", "2.99").verdict == "unknown"


def test_nothing_is_said_about_releases_older_than_all_that_are_known():
    assert loads(_model(), "tflite-runtime", "1.13").verdict == "unknown"


def test_without_a_release_all_of_them_decide():
    assert loads(_model(), "tflite-runtime").verdict == "yes"
    assert loads(_model(version=10), "tflite-runtime").verdict == "unknown"
    assert loads(_model(version=40), "tflite-runtime").verdict == "no"


def test_custom_and_flex_operators_are_missing_unless_they_are_registered():
    for name, kind in (("VendorScore", "custom"), ("FlexErf", "flex")):
        answer = loads(_model(custom=name), "litert", "2.3.0")
        assert (answer.verdict, answer.lacks[0].kind) == ("no", kind)
        assert loads(_model(custom=name), "litert", "2.3.0", custom=(name,)).verdict == "yes"
    known = loads(_model(custom="TFLite_Detection_PostProcess"), "litert", "2.3.0")
    assert known.verdict == "yes"


def test_a_custom_operator_in_a_graph_that_may_never_run_is_no_sure_refusal():
    plain = GraphDef(TENSORS, [OpDef("ABS", [0], [1])], [0], [1])
    custom = GraphDef(TENSORS, [OpDef("", [0], [1], custom_code="Vendor")], [0], [1], "other")
    assert loads(read_model(build_file([plain, custom])), "litert", "2.3.0").verdict == "unknown"
    newer = GraphDef(TENSORS, [OpDef("ABS", [0], [1], version=40)], [0], [1], "other")
    assert loads(read_model(build_file([plain, newer])), "litert", "2.3.0").verdict == "no"


def test_an_operator_that_is_listed_but_not_used_is_looked_up_all_the_same():
    # Such a code stays behind when a tool takes the operator out. The oracle is the real thing.
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT is the oracle here")
    operators = [OpDef("ABS", [0], [1]), OpDef("ADD", [0, 0], [1], version=40)]
    data = bytearray(build_model(TENSORS, operators, [0], [1]))
    graph = tflite.Model.GetRootAs(data, 0).Subgraphs(0)
    start = graph._tab.Vector(graph._tab.Offset(10)) - 4
    data[start : start + 4] = (1).to_bytes(4, "little")
    model = read_model(bytes(data))
    assert [operator.name for operator in model.subgraphs[0].operators] == ["ABS"]
    assert loads(model, "litert", "2.3.0").verdict == "no"
    assert loads(model, "tflm").verdict == "yes"
    with pytest.raises(ValueError, match="Didn't find op for builtin opcode 'ADD' version '40'"):
        litert.Interpreter(model_content=bytes(data))


def test_firmware_may_register_a_custom_operator_but_not_any_builtin():
    assert loads(_model(custom="Vendor"), "tflm").verdict == "unknown"
    assert loads(_model("STABLEHLO_COMPOSITE"), "tflm").verdict == "no"
    assert loads(_model(version=99), "tflm").verdict == "yes"


def test_an_unknown_runtime_gives_an_unknown_answer():
    assert loads(_model(), "onnxruntime", "1.0").verdict == "unknown"


def test_reach_names_the_oldest_release_and_what_the_one_before_lacks():
    reached = reach(_model(version=10), "tflite-runtime")
    assert (reached.verdict, reached.oldest, reached.is_oldest_known) == ("yes", "2.13.0", False)
    assert [lack.version for lack in reached.lacks] == [10]


def test_reach_of_an_old_file_begins_with_the_oldest_known_release():
    reached = reach(_model(), "litert")
    assert (reached.oldest, reached.is_oldest_known, reached.lacks) == ("1.0.0", True, ())


def test_reach_of_a_file_that_nothing_takes_says_why():
    reached = reach(_model(custom="Vendor"), "tensorflow")
    assert (reached.verdict, reached.oldest) == ("no", None)
    assert [lack.operator for lack in reached.lacks] == ["Vendor"]


def _cases():
    manifest = CORPUS / "manifest.json"
    if not manifest.is_file():
        return []
    return json.loads(manifest.read_text())["loading"]


@pytest.mark.skipif(not _cases(), reason="EDGECHECK_CORPUS does not name the field corpus")
def test_the_answer_is_what_the_runtimes_really_did_with_every_file_of_the_corpus():
    seen = {"yes": 0, "no": 0}
    for case in _cases():
        try:
            _, model = load_model(CORPUS / case["file"])
        except ModelFileInvalid:
            continue
        for who, outcome in case["expected"].items():
            package, release = who.split(" ")
            answer = loads(model, PACKAGES.get(package, package), release)
            refused = any(words in outcome.get("error", "") for words in OPERATOR_WORDS)
            assert answer.verdict == ("no" if refused else "yes"), (case["file"], who)
            seen[answer.verdict] += 1
    assert seen["no"] > 20
    assert seen["yes"] > 100
