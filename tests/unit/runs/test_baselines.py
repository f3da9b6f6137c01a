from dataclasses import replace

import numpy as np
import pytest
import yaml
from evidence import evidence
from models import OpDef, SignatureDef, TensorDef, build_model, float_dense, int8_dense

from edgecheck.compare.stages import StageWalk
from edgecheck.compare.trained_ranges import FakeQuantization
from edgecheck.runs.baselines import baseline, compare_weights, fake_quantization_of
from edgecheck.spec.load import load_spec
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import read_model
from edgecheck.validation import Options, new_draft

WEIGHTS = np.random.default_rng(0).normal(size=(3, 16)).astype(np.float32)
BIAS = np.zeros(3, np.float32)


@pytest.fixture
def draft(tmp_path):
    """Makes the draft of a run with a reference in the spec."""

    def make(**options):
        section = {"task": "other", "reference": "float.tflite"}
        inputs = {"row": {"kind": "array", "shape": [16]}}
        (tmp_path / "float.tflite").write_bytes(float_dense(WEIGHTS, BIAS))
        source = tmp_path / "spec.yaml"
        source.write_text(yaml.safe_dump({"version": 1, "model": section, "inputs": inputs}))
        made = new_draft(Options(**options))
        made.spec = load_spec(source)
        return made

    return make


@pytest.fixture
def candidate():
    data = int8_dense(WEIGHTS, BIAS, (-1, 1), (-4, 4))
    model = read_model(data)
    return evidence(data=data, model=model, contract=contract_of(model, None))


def test_weights_are_compared_with_the_reference_file(draft, candidate):
    found = compare_weights(draft(), candidate)
    assert found.reference == "float.tflite"
    assert [pair.correlation for pair in found.pairs] == [pytest.approx(1, abs=1e-3)]
    assert 35 < found.pairs[0].sqnr_db < 60


@pytest.mark.parametrize("reference", ["none", "twin", "missing.tflite", "trained.keras"])
def test_without_a_reference_file_there_is_nothing_to_compare(draft, candidate, reference):
    assert compare_weights(draft(reference=reference), candidate) is None


def test_a_reference_that_cannot_be_read_is_left_to_the_run(draft, candidate, tmp_path):
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"no model")
    assert compare_weights(draft(reference=str(broken)), candidate) is None


def test_a_reference_without_the_signature_is_left_to_the_run(draft, candidate, tmp_path):
    ends = [TensorDef("x", (1, 4)), TensorDef("y", (1, 4))]
    signature = SignatureDef("other", {"x": 0}, {"y": 1})
    signed = tmp_path / "signed.tflite"
    signed.write_bytes(build_model(ends, [OpDef("RELU", [0], [1])], [0], [1], [signature]))
    made = draft(reference=str(signed))
    made.spec = replace(
        made.spec, spec=made.spec.spec.model_copy(update={"signature": "serving_default"})
    )
    assert compare_weights(made, candidate) is None


def followed(candidate):
    return replace(candidate, stages=StageWalk(()))


def test_fake_quantization_of_a_float_file_is_held_against_the_candidate(
    draft, candidate, tmp_path
):
    tensors = [TensorDef("input", (1, 16)), TensorDef("y", (1, 16))]
    options = {"Min": -2.0, "Max": 2.0, "NumBits": 8}
    fake = OpDef("FAKE_QUANT", [0], [1], options=options)
    reference = tmp_path / "trained.tflite"
    reference.write_bytes(build_model(tensors, [fake], [0], [1]))
    made = draft(reference=str(reference))
    assert fake_quantization_of(made, candidate) is None  # no chain, nothing to judge
    found = fake_quantization_of(made, followed(candidate))
    assert (found.reference, found.operators) == ("trained.tflite", 1)
    (trained,) = found.ranges
    assert (trained.tensor, trained.trained) == ("input", (-2.0, 2.0))
    assert trained.stored == pytest.approx((-1, 1), abs=0.01)


def test_a_trained_reference_tells_a_number_alone(draft, candidate):
    made = draft(reference="trained.keras")
    assert fake_quantization_of(made, followed(candidate)) is None
    made.reference_fake_quantizers = 4
    expected = FakeQuantization("trained.keras", 4)
    assert fake_quantization_of(made, followed(candidate)) == expected


@pytest.mark.parametrize("reference", [None, "none", "twin", "missing.tflite"])
def test_other_references_show_no_fake_quantization(draft, candidate, reference):
    assert fake_quantization_of(draft(reference=reference), followed(candidate)) is None


@pytest.mark.parametrize("word", ["none", "twin"])
def test_the_spec_may_ask_for_no_reference_or_the_twin_as_the_command_line_does(
    draft, candidate, word
):
    asked = draft()
    source = asked.spec.source
    source.write_text(source.read_text().replace("float.tflite", word))
    asked.spec = load_spec(source)
    found = baseline(asked, replace(candidate, bound={}), source.parent)
    assert (found is None) == (word == "none")
    assert compare_weights(asked, candidate) is None
    assert compare_weights(draft(reference="twin"), candidate) is None
