"""References whose inputs and outputs have other names than the candidate's."""

import numpy as np
import pytest
import yaml
from models import OpDef, TensorDef, build_model

from edgecheck import validate
from edgecheck.checks.evidence import Evidence
from edgecheck.errors import UnusableError
from edgecheck.runs.references import reference_entrant
from edgecheck.spec.load import load_spec
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import read_model
from edgecheck.validation import Options, new_draft

SHAPE = (1, 4)


def difference(first, second, out):
    """The first input minus the second, which is listed first."""
    tensors = [TensorDef(name, SHAPE) for name in (second, first, out)]
    return build_model(tensors, [OpDef("SUB", [1, 0], [2])], [0, 1], [2])


@pytest.fixture
def report(tmp_path):
    """Makes the report of `left - right` with a reference that calls them `p` and `q`."""
    (tmp_path / "model.tflite").write_bytes(difference("left", "right", "out"))
    (tmp_path / "float.tflite").write_bytes(difference("p", "q", "d"))
    random = np.random.default_rng(0)
    rows = {name: random.normal(size=(30, 4)).astype(np.float32) for name in ("left", "right")}
    np.savez(tmp_path / "rows.npz", **rows)

    def make(names, output=None):
        inputs = {name: {"kind": "array", "shape": [4]} for name in rows}
        for name, theirs in names.items():
            inputs[name]["reference_name"] = theirs
        content = {
            "version": 1,
            "model": {"task": "other", "reference": "float.tflite"},
            "inputs": inputs,
            "outputs": {"out": {"reference_name": output}} if output else {},
            "dataset": {"path": "rows.npz"},
        }
        (tmp_path / "spec.yaml").write_text(yaml.safe_dump(content))
        return validate(tmp_path / "spec.yaml", tmp_path / "model.tflite")

    return make


@pytest.mark.parametrize(
    ("names", "output", "verdict"),
    [
        ({"left": "p", "right": "q"}, "d", "pass"),
        ({"left": "q", "right": "p"}, None, "fail"),  # each is fed with what the other should get
    ],
)
def test_inputs_go_where_the_spec_says(report, names, output, verdict):
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")
    found = report(names, output)
    assert found.error is None
    assert found.verdict == verdict
    assert found.metrics.samples == 30


def test_names_that_differ_are_asked_for(report):
    found = report({})
    assert found.exit_code == 3
    assert "it has q [1, 4], p [1, 4]; the spec names left [4], right [4]" in found.error.message
    assert "state `inputs.left.reference_name: NAME`" in found.error.hint


@pytest.mark.parametrize(
    ("names", "output", "words"),
    [
        (
            {"left": "x", "right": "q"},
            None,
            "`inputs.left.reference_name` is 'x', but the inputs of the reference are q, p",
        ),
        (
            {"left": "p", "right": "q"},
            "x",
            "`outputs.out.reference_name` is 'x', but the outputs of the reference are d",
        ),
    ],
)
def test_a_stated_name_that_the_reference_has_not_is_refused(report, names, output, words):
    found = report(names, output)
    assert found.exit_code == 3
    assert words in found.error.message


@pytest.mark.parametrize(
    ("stated", "asked"),
    [
        ({}, None),
        ({"signature": "run"}, "run"),
        ({"signature": "run", "reference_signature": "classify"}, "classify"),
        ({"reference_signature": "classify"}, "classify"),
    ],
)
def test_the_signature_of_a_saved_model_may_have_another_name(tmp_path, stated, asked):
    model = {"task": "other", "reference": "saved"}
    model |= {k: v for k, v in stated.items() if k == "reference_signature"}
    content = {"version": 1, "model": model, "inputs": {"x": {"kind": "array"}}}
    content |= {k: v for k, v in stated.items() if k == "signature"}
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"")
    seen = []

    def examine(_path, *, signature, **_):
        seen.append(signature)
        raise UnusableError("enough")

    draft = new_draft(Options())
    draft.spec, draft.examine = load_spec(tmp_path / "spec.yaml"), examine
    tensors = [TensorDef("x", SHAPE), TensorDef("y", SHAPE)]
    data = build_model(tensors, [OpDef("RELU", [0], [1])], [0], [1])
    model_view = read_model(data)
    evidence = Evidence(draft.spec.spec, (), model_view, contract_of(model_view), None, data)
    with pytest.raises(UnusableError, match="enough"):
        reference_entrant(draft, evidence, tmp_path / "saved")
    assert seen == [asked]
