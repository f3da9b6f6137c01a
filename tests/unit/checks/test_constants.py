from dataclasses import replace

import numpy as np
import pytest
from evidence import compared, passed_over, seen_pair
from models import OpDef, TensorDef, build_model, float_dense
from static_findings import file_evidence, found

from edgecheck.checks import constants
from edgecheck.compare.stages import StageWalk, Step
from edgecheck.compare.weight_match import match_weights
from edgecheck.tflite.reader import read_model
from edgecheck.tflite.weights import Weight

HALF = {"model": {"task": "classification", "quantization": "float16"}}
NAN = ("nan-or-inf-weights", "error")
FLT_MAX = np.finfo(np.float32).max


def dense(value, *, where="weights"):
    weights, bias = np.ones((3, 4), np.float32), np.zeros(3, np.float32)
    (weights if where == "weights" else bias).flat[1] = value
    return float_dense(weights, bias)


def masked(value, name="ADD", dtype="float32"):
    """input <name> constant -> output; the constant is unpacked where it is float16."""
    constant = np.zeros(4, np.float32)
    constant[2] = value
    with np.errstate(over="ignore"):
        stored = TensorDef("mask", (1, 4), dtype, data=constant.astype(dtype))
    tensors = [TensorDef("x", (1, 4)), stored, TensorDef("m", (1, 4)), TensorDef("y", (1, 4))]
    unpack = [OpDef("DEQUANTIZE", [1], [2])] if dtype == "float16" else []
    used = 2 if unpack else 1
    return build_model(tensors, [*unpack, OpDef(name, [0, used], [3])], [0], [3])


@pytest.mark.parametrize("where", ["weights", "bias"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_an_error(value, where):
    assert found(constants.check_finite, dense(value, where=where)) == [NAN]


def test_every_bad_element_is_counted():
    (finding,) = constants.check_finite(file_evidence(dense(np.nan)))
    assert finding.evidence["nan"] == 1
    assert finding.evidence["elements"] == 12
    assert finding.subject.name == "weights"


def test_nan_in_arithmetic_is_an_error_and_a_mask_of_infinity_a_note():
    assert found(constants.check_finite, masked(np.nan)) == [NAN]
    assert found(constants.check_finite, masked(-np.inf)) == [("nan-or-inf-weights", "info")]


@pytest.mark.parametrize("value", [FLT_MAX, -FLT_MAX])
def test_an_infinite_weight_that_conversion_clamped_is_an_error_and_a_mask_is_not(value):
    (finding,) = constants.check_finite(file_evidence(dense(value)))
    assert (finding.rule, finding.severity) == NAN
    assert finding.evidence["inf"] == 1
    assert found(constants.check_finite, masked(value)) == []


@pytest.mark.parametrize("value", [0.0, 3e38, -1e-30])
def test_finite_weights_have_no_finding(value):
    assert found(constants.check_finite, dense(value)) == []


def test_a_nan_that_no_operator_uses_is_left_alone():
    tensors = [
        TensorDef("x", (1,)),
        TensorDef("n", (1,), data=np.array([np.nan])),
        TensorDef("y", (1,)),
    ]
    assert (
        found(constants.check_finite, build_model(tensors, [OpDef("RELU", [0], [2])], [0], [2]))
        == []
    )


@pytest.mark.parametrize(
    ("name", "value", "severity"),
    [
        ("MUL", 1e30, "error"),
        ("ADD", -1e30, "warning"),
        ("ADD", -65504.0, "info"),
    ],
)
def test_float16_constants_at_the_end_of_their_range(name, value, severity):
    data = masked(value, name, "float16")
    assert found(constants.check_float16, data) == [("fp16-overflow", severity)]
    assert found(constants.check_finite, data) == []


@pytest.mark.parametrize("value", [1e4, 65472.0])
def test_float16_constants_in_range_have_no_finding(value):
    assert found(constants.check_float16, masked(value, "ADD", "float16"), **HALF) == []


def test_large_float32_constants_count_only_where_float16_is_promised():
    data = masked(-1e9)
    assert found(constants.check_float16, data) == []
    assert found(constants.check_float16, data, **HALF) == [("fp16-overflow", "warning")]


def depthwise(codes, scale=0.1):
    """An int8 depthwise convolution; `codes` are the largest of each channel."""
    weights = np.array([codes, np.negative(codes)], np.int8).reshape(1, 1, 2, len(codes))
    count = len(codes)
    scales = scale * count if isinstance(scale, list) else scale
    tensors = [
        TensorDef("x", (1, 4, 4, count), "int8", 0.1),
        TensorDef("w", weights.shape, "int8", scales, dim=3, data=weights),
        TensorDef("y", (1, 4, 3, count), "int8", 0.1),
    ]
    return build_model(tensors, [OpDef("DEPTHWISE_CONV_2D", [0, 1], [2])], [0], [2])


@pytest.mark.parametrize(
    ("codes", "severity"),
    [
        ([127, 3, 2, 1], "warning"),
        ([127, 127, 100, 2], "info"),
        ([127, 100, 60, 4], None),
        ([127, 0, 0, 0], None),
        ([3, 2, 1, 1], None),
    ],
)
def test_channels_of_one_scale_are_lost_by_their_share(codes, severity):
    wanted = [] if severity is None else [("weight-per-tensor-loss", severity)]
    assert found(constants.check_channels, depthwise(codes)) == wanted


def with_reference(data, live):
    """Beside a reference whose last three channels of four have weights of this size, not 0."""
    real = [np.array([[12.7, live, live, live]], np.float32).repeat(9, 0).T for _ in range(2)]
    real[1][1:] = 0
    weights = [Weight("w", each.reshape(4, 3, 3), 0, "DEPTHWISE_CONV_2D") for each in real]
    return replace(file_evidence(data), weights=match_weights(weights[1:], weights[:1]))


@pytest.mark.parametrize(("live", "lost"), [(0.01, 3), (0.0, None)])
def test_channels_of_zeros_are_lost_where_the_reference_has_more(live, lost):
    found = list(constants.check_channels(with_reference(depthwise([127, 0, 0, 0]), live)))
    assert [each.evidence["zeroed"] for each in found] == ([] if lost is None else [lost])
    assert all("of 3, which are not 0 in the reference" in each.message for each in found)


@pytest.mark.parametrize(("live", "lost"), [(1e-2, [3]), (1e-30, [])])
def test_channels_that_hardly_were_in_the_reference_are_not_lost(live, lost):
    case = with_reference(depthwise([127, 0, 0, 0]), live)
    assert [each.evidence["zeroed"] for each in constants.check_channels(case)] == lost


def test_channels_of_another_subgraph_are_none_of_the_reference():
    data = depthwise([127, 0, 0, 0])
    case = with_reference(data, 0.01)
    other = read_model(data).subgraphs[0]
    model = replace(case.model, subgraphs=(*case.model.subgraphs, other))
    (finding,) = constants.check_channels(replace(case, model=model))
    assert (finding.evidence["zeroed"], finding.evidence["tensors"]) == (3, 1)


def test_few_lost_channels_are_a_warning_where_the_weights_lose_parity():
    lost = passed_over(compared(pair=seen_pair(agreement=0.2, agreement_interval=(0.1, 0.3))))
    stages = StageWalk((Step("weights", "twin", ("weights",), lost, lost),))
    case = file_evidence(depthwise([127, 127, 100, 2]))
    (finding,) = constants.check_channels(replace(case, comparison=lost, stages=stages))
    assert finding.severity == "warning"


def test_fully_connected_layers_are_judged_where_the_weights_lose_parity_alone():
    weights = np.array([[127, 5], [3, -2], [60, 1]], np.int8)
    tensors = [
        TensorDef("x", (1, 2), "int8", 0.1),
        TensorDef("w", weights.shape, "int8", 0.1, data=weights),
        TensorDef("y", (1, 3), "int8", 0.1),
    ]
    case = file_evidence(build_model(tensors, [OpDef("FULLY_CONNECTED", [0, 1], [2])], [0], [2]))
    assert not list(constants.check_channels(case))
    lost = passed_over(compared(pair=seen_pair(agreement=0.2, agreement_interval=(0.1, 0.3))))
    stages = StageWalk((Step("weights", "twin", ("weights",), lost, lost),))
    (finding,) = constants.check_channels(replace(case, comparison=lost, stages=stages))
    assert (finding.severity, finding.evidence["lost"]) == ("warning", 1)


def test_channels_with_scales_of_their_own_are_not_judged():
    assert found(constants.check_channels, depthwise([127, 3, 2, 1], [0.1])) == []


@pytest.mark.parametrize(("lost", "severity"), [({"mask"}, "error"), ({"other"}, "warning")])
def test_what_the_reference_shows_to_be_lost_in_float16_is_an_error(monkeypatch, lost, severity):
    monkeypatch.setattr(constants, "_lost_weights", lambda _: lost)
    data = masked(-1e30, "ADD", "float16")
    assert found(constants.check_float16, data) == [("fp16-overflow", severity)]
