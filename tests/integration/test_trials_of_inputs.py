"""Models with two inputs, or two outputs, of one shape that are mixed up."""

import numpy as np
import pytest
import yaml
from models import OpDef, TensorDef, build_model

from edgecheck import validate

COUNT, SIZE = 80, 6
RANDOM = np.random.default_rng(8)
LEFT, RIGHT = RANDOM.normal(size=(2, COUNT, SIZE)).astype(np.float32)
WEIGHTS = RANDOM.normal(size=(3, SIZE)).astype(np.float32)
MEASURED = RANDOM.normal(size=(1, SIZE)).astype(np.float32)


def difference(weights, *, is_swapped=False):
    """`left` - `right` -> FULLY_CONNECTED; or the reverse."""
    tensors = [
        TensorDef("left", (1, SIZE)),
        TensorDef("right", (1, SIZE)),
        TensorDef("gap", (1, SIZE)),
        TensorDef("weights", weights.shape, data=weights),
        TensorDef("bias", (len(weights),), data=np.zeros(len(weights), np.float32)),
        TensorDef("scores", (1, len(weights))),
    ]
    order = [1, 0] if is_swapped else [0, 1]
    steps = [OpDef("SUB", order, [2]), OpDef("FULLY_CONNECTED", [2, 3, 4], [5])]
    return build_model(tensors, steps, [0, 1], [5])


def two_heads(names):
    """Two outputs of one size, each by weights of its own."""
    heads = [WEIGHTS, WEIGHTS[::-1] * 2 + 1]
    tensors = [TensorDef("x", (1, SIZE))]
    for name, weights in zip(names, heads, strict=True):
        bias = np.zeros(3, np.float32)
        tensors += [
            TensorDef(f"w_{name}", weights.shape, data=weights),
            TensorDef(f"b_{name}", (3,), data=bias),
            TensorDef(name, (1, 3)),
        ]
    steps = [OpDef("FULLY_CONNECTED", [0, at, at + 1], [at + 2]) for at in (1, 4)]
    return tensors, steps


def report(folder, model, arrays, spec, reference=None):
    np.savez(folder / "samples.npz", **arrays)
    (folder / "model.tflite").write_bytes(model)
    if reference is not None:
        (folder / "float.tflite").write_bytes(reference)
        spec["model"]["reference"] = "float.tflite"
    content = {"version": 1, **spec}
    content["dataset"] = {"path": "samples.npz", **spec.get("dataset", {})}
    (folder / "spec.yaml").write_text(yaml.safe_dump(content))
    return validate(folder / "spec.yaml", folder / "model.tflite")


def section(task):
    inputs = {name: {"kind": "array", "shape": [SIZE]} for name in ("left", "right")}
    return {"model": {"task": task}, "inputs": inputs}


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_inputs_that_are_mixed_up_are_proven_by_what_is_true(tmp_path, task):
    weights = WEIGHTS if task == "classification" else MEASURED
    told = (LEFT - RIGHT) @ weights.T
    truth = told.argmax(axis=1) if task == "classification" else told
    arrays = {"left": RIGHT, "right": LEFT, "truth": truth}
    spec = {**section(task), "dataset": {"labels": "truth"}}
    found = report(tmp_path, difference(weights), arrays, spec)
    cause = found.root_cause
    assert (cause.rule, cause.confidence) == ("io-order-swapped", "proven")
    assert (cause.proof.before < 0.4, cause.proof.after) == (True, 1.0)


def test_without_labels_a_reference_proves_that_a_candidate_has_its_inputs_mixed_up(tmp_path):
    arrays, models = {"left": LEFT, "right": RIGHT}, [WEIGHTS, WEIGHTS]
    candidate, reference = (difference(w, is_swapped=n == 0) for n, w in enumerate(models))
    cause = report(tmp_path, candidate, arrays, section("classification"), reference).root_cause
    assert (cause.rule, cause.confidence) == ("io-order-swapped", "proven")
    assert cause.proof.after == 1.0


def test_inputs_in_order_are_left_alone(tmp_path):
    truth = ((LEFT - RIGHT) @ WEIGHTS.T).argmax(axis=1)
    spec = {**section("classification"), "dataset": {"labels": "truth"}}
    arrays = {"left": LEFT, "right": RIGHT, "truth": truth}
    assert report(tmp_path, difference(WEIGHTS), arrays, spec).verdict != "fail"


@pytest.mark.parametrize("is_swapped", [False, True])
def test_outputs_that_agree_crosswise_with_the_reference_are_exchanged(tmp_path, is_swapped):
    tensors, steps = two_heads(("a", "b"))
    others, _ = two_heads(("first", "second"))
    candidate = build_model(tensors, steps, [0], [6, 3] if is_swapped else [3, 6])
    reference = build_model(others, steps, [0], [3, 6])
    spec = {"model": {"task": "other"}, "inputs": {"x": {"kind": "array", "shape": [SIZE]}}}
    found = report(tmp_path, candidate, {"x": LEFT}, spec, reference)
    rules = [cause.rule for cause in found.causes if cause.confidence == "proven"]
    assert rules == (["output-order-changed"] if is_swapped else [])
    assert (found.verdict == "fail") == is_swapped
