"""Arithmetic at the start of a reference that its candidate does not have."""

import numpy as np
import pytest
from models import OpDef, TensorDef, build_model

from edgecheck.compare.lost_steps import ModelFile, lost_steps
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import read_model

WEIGHTS = np.random.default_rng(0).normal(size=(6, 12)).astype(np.float32)
OTHERS = np.random.default_rng(1).normal(size=(6, 12)).astype(np.float32)


def dense(weights=WEIGHTS, *, scale=None, inputs=1, bias=None, is_half=False, offset=-1.0):
    """inputs -> [MUL scale -> ADD offset ->] FULLY_CONNECTED -> output; constants may be float16."""
    shape = (1, weights.shape[1])
    tensors = [TensorDef(f"x{number}", shape) for number in range(inputs)]
    operators, fed = [], 0

    def add(*made):
        tensors.extend(made)
        return len(tensors) - 1

    for name, value in () if scale is None else (("MUL", scale), ("ADD", offset)):
        held = np.full(1, value, np.float16 if is_half else np.float32)
        constant = add(TensorDef(f"{name}.by", (1,), str(held.dtype), data=held))
        if is_half:
            unpacked = add(TensorDef(f"{name}.unpacked", (1,)))
            operators.append(OpDef("DEQUANTIZE", [constant], [unpacked]))
            constant = unpacked
        result = add(TensorDef(name, shape))
        operators.append(OpDef(name, [fed, constant], [result]))
        fed = result
    held = add(TensorDef("weights", weights.shape, data=weights))
    added = -1 if bias is None else add(TensorDef("bias", bias.shape, data=bias))
    output = add(TensorDef("output", (1, len(weights))))
    operators.append(OpDef("FULLY_CONNECTED", [fed, held, added], [output]))
    return build_model(tensors, operators, list(range(inputs)), [output])


def opened(data):
    model = read_model(data)
    return ModelFile(data, model, contract_of(model))


def lost(candidate, reference):
    return lost_steps(opened(candidate), opened(reference))


SCALED = dense(scale=2 / 255)


def test_what_only_the_reference_does_before_the_same_weights_is_lost():
    found = lost(dense(), SCALED)
    assert [operator.name for operator in found.operators] == ["MUL", "ADD"]
    assert found.span(0, 255) == pytest.approx((-1, 1))


def test_weights_that_are_only_rounded_are_the_same():
    rounded = np.round(WEIGHTS * 20).astype(np.float32) / 20
    assert lost(dense(rounded), SCALED) is not None


@pytest.mark.parametrize(
    ("candidate", "reference"),
    [
        (SCALED, SCALED),
        (dense(), dense()),
        (SCALED, dense()),
        (dense(WEIGHTS * np.float32(2 / 255)), SCALED),  # folded into the weights
        (dense(OTHERS), SCALED),
        (dense(WEIGHTS[:, :6]), SCALED),
        (dense(inputs=2), SCALED),
        (dense(bias=-WEIGHTS.sum(axis=1)), SCALED),  # an offset folded into the bias
        (dense(scale=2 / 255, is_half=True), SCALED),
        (dense(), dense(scale=0.0)),
        (dense(WEIGHTS[:1].T), dense(WEIGHTS[:1], scale=2 / 255)),
    ],
    ids=["both", "neither", "the-candidate", "folded", "other-weights", "other-shape", "inputs",
         "folded-offset", "float16", "zero", "turned"],
)  # fmt: skip
def test_nothing_is_lost_where_both_may_compute_the_same_or_nothing_tells(candidate, reference):
    assert lost(candidate, reference) is None
