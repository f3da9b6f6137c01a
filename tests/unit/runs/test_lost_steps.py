"""A candidate exported from behind the scaling of its reference, found without a telling sample."""

import numpy as np
import pytest
import yaml
from models import OpDef, TensorDef, build_model

from edgecheck.validation import Options, validate

WEIGHTS = np.random.default_rng(5).normal(size=(4, 12)).astype(np.float32)
LOST = "preprocessing-not-in-exported-graph"


def network(*, is_scaled_inside, scale=2 / 255, shift=-1.0):
    """pixels (1, 2, 2, 3) -> [MUL -> ADD ->] FULLY_CONNECTED -> SOFTMAX."""
    shape = (1, 2, 2, 3)
    tensors = [
        TensorDef("image", shape),
        TensorDef("factor", (1,), data=np.full(1, scale, np.float32)),
        TensorDef("scaled", shape),
        TensorDef("shift", (1,), data=np.full(1, shift, np.float32)),
        TensorDef("shifted", shape),
        TensorDef("weights", WEIGHTS.shape, data=WEIGHTS),
        TensorDef("logits", (1, 4)),
        TensorDef("scores", (1, 4)),
    ]
    inside = [OpDef("MUL", [0, 1], [2]), OpDef("ADD", [2, 3], [4])] if is_scaled_inside else []
    dense = OpDef("FULLY_CONNECTED", [4 if is_scaled_inside else 0, 5, -1], [6])
    softmax = OpDef("SOFTMAX", [6], [7], options={"Beta": 1.0})
    return build_model(tensors, [*inside, dense, softmax], [0], [7])


def report(folder, rows, *, reference, candidate=None):
    """The validation of a candidate without scaling against a reference."""
    np.save(folder / "rows.npy", rows)
    (folder / "float.tflite").write_bytes(reference)
    (folder / "model.tflite").write_bytes(candidate or network(is_scaled_inside=False))
    spec = {
        "version": 1,
        "model": {"task": "classification", "reference": "float.tflite"},
        "inputs": {"image": {"kind": "array", "shape": [2, 2, 3], "range": [0, 255]}},
        "dataset": {"path": "rows.npy"},
    }
    (folder / "spec.yaml").write_text(yaml.safe_dump(spec))
    return validate(folder / "spec.yaml", folder / "model.tflite", Options())


@pytest.fixture
def alike():
    """Samples that are all one: pixels of some middle brightness."""
    return np.tile(np.arange(0, 240, 20, dtype=np.float32).reshape(1, 2, 2, 3), (40, 1, 1, 1))


def test_samples_that_are_all_alike_do_not_hide_what_the_files_show(tmp_path, alike):
    found = report(tmp_path, alike, reference=network(is_scaled_inside=True))
    named = {cause.rule for cause in found.causes}
    assert {LOST, "input-constant"} <= named


@pytest.mark.parametrize("constants", [None, (1.0, 0.0)], ids=["the-same-file", "no-change"])
def test_a_candidate_that_has_lost_nothing_is_not_accused(tmp_path, alike, constants):
    scaled = network(is_scaled_inside=True)
    if constants is not None:
        scaled = network(is_scaled_inside=True, scale=constants[0], shift=constants[1])
    candidate = scaled if constants is None else network(is_scaled_inside=False)
    found = report(tmp_path, alike, reference=scaled, candidate=candidate)
    assert LOST not in {finding.rule for finding in found.findings}
