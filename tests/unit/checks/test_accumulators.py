from dataclasses import replace

import numpy as np
import pytest
from layers import layer, walked
from models import OpDef, TensorDef, build_model
from static_findings import file_evidence, found

from edgecheck.checks import accumulators

LIMIT = 2**31 - 1


def dense(bias, *, bias_scale=0.01, dtype="int32", source="int8", depth=4, weight=127):
    """A dense layer on codes: scales 0.1 in and for weights, 0.05 out."""
    weights = np.full((3, depth), weight, np.int8)
    tensors = [
        TensorDef("x", (1, depth), source, 0.1),
        TensorDef("w", (3, depth), "int8", 0.1, data=weights),
        TensorDef("b", (3,), dtype, bias_scale, data=np.array(bias)),
        TensorDef("y", (1, 3), source, 0.05),
    ]
    inputs = [0, 1, 2] if dtype != "none" else [0, 1, -1]
    return build_model(tensors, [OpDef("FULLY_CONNECTED", inputs, [3])], [0], [3])


def without_bias(depth, weight=127):
    weights = np.full((3, depth), weight, np.int8)
    tensors = [
        TensorDef("x", (1, depth), "int16", 0.1),
        TensorDef("w", (3, depth), "int8", 0.1, data=weights),
        TensorDef("y", (1, 3), "int16", 0.05),
    ]
    return build_model(tensors, [OpDef("FULLY_CONNECTED", [0, 1, -1], [2])], [0], [2])


@pytest.mark.parametrize("code", [LIMIT, -LIMIT, -LIMIT - 1])
def test_a_bias_at_the_limit_of_int32_is_an_error(code):
    assert found(accumulators.check_biases, dense([1, code, 2])) == [("bias-overflow", "error")]


@pytest.mark.parametrize("code", [0, 2**30, LIMIT - 4 * 127 * 128])
def test_a_bias_that_leaves_room_for_the_products_has_no_finding(code):
    assert found(accumulators.check_biases, dense([1, code, 2])) == []


def test_a_bias_that_overflows_with_its_products_is_a_warning():
    (finding,) = accumulators.check_biases(file_evidence(dense([1, LIMIT - 4 * 127 * 128 + 1, 2])))
    assert (finding.severity, finding.evidence["kind"]) == ("warning", "accumulator")
    assert finding.evidence["channels"] == 1


def test_a_bias_in_another_scale_than_kernels_assume_is_a_warning():
    # Codes of 100 in steps of 0.02 mean 2, kernels take them for 1: 20 steps of the output off.
    (finding,) = accumulators.check_biases(file_evidence(dense([100, 0, 1], bias_scale=0.02)))
    assert (finding.severity, finding.evidence["kind"]) == ("warning", "scale")
    assert finding.evidence["worst"] == pytest.approx(20, rel=1e-6)
    assert finding.evidence["channels"] == 1


@pytest.mark.parametrize(("steps", "hits"), [(48, 0), (255, 0), (257, 1)])
def test_steps_of_16_bits_are_finer(steps, hits):
    data = dense([steps * 5, 0, 1], bias_scale=0.02, source="int16", dtype="int64")
    assert len(found(accumulators.check_biases, data)) == hits


def test_a_scale_that_is_rounded_otherwise_has_no_finding():
    assert found(accumulators.check_biases, dense([5000, 0, 1], bias_scale=0.0100001)) == []


def test_a_wide_sum_without_64_bits_is_a_warning():
    rule = ("int16x8-unsupported-or-overflow", "warning")
    enough = 1 + LIMIT // (127 * 32768)
    assert found(accumulators.check_int16, without_bias(enough)) == [rule]
    assert found(accumulators.check_int16, without_bias(enough - 1)) == []
    wide = dense([0, 0, 0], dtype="int64", source="int16", depth=enough)
    assert found(accumulators.check_int16, wide) == []
    assert found(accumulators.check_int16, dense([0, 0, 0], source="int8", depth=enough)) == []


@pytest.mark.parametrize(("name", "hits"), [("HARD_SWISH", 1), ("ELU", 1), ("LOGISTIC", 0)])
@pytest.mark.parametrize("dtype", ["int16", "int8"])
def test_operators_without_a_16_bit_kernel_are_named(name, hits, dtype):
    tensors = [TensorDef("x", (1, 4), dtype, 0.1), TensorDef("y", (1, 4), dtype, 0.1)]
    data = build_model(tensors, [OpDef(name, [0], [1])], [0], [1])
    assert len(found(accumulators.check_int16, data)) == (hits if dtype == "int16" else 0)


@pytest.mark.parametrize(("highest", "is_told"), [(2.0, True), (60.0, False)])
def test_an_input_range_that_is_far_too_wide_is_told_with_the_scale(highest, is_told):
    held = {"representable": (0.0, 72.0), "scale": 72 / 255}
    source = layer(0, tensor=0, core_range=(0.0, highest), **held)
    seen = replace(file_evidence(dense([200, 0, 0], bias_scale=0.05)), walk=walked(source))
    (finding,) = accumulators.check_biases(seen)
    assert (finding.evidence["input_held"] == [0.0, 72.0]) is is_told
    assert ("can hold 0 to 72" in finding.message) is is_told
    assert ("scale that its bias was made for" in finding.fix) is is_told
