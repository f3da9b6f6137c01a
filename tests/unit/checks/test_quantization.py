import math
from dataclasses import replace

import pytest
from evidence import evidence, model, output_tensor, spec, tensor

from edgecheck.checks import quantization
from edgecheck.quantization import QuantParams
from edgecheck.tflite.graph import Operator, Port

FLOAT = {
    "ports": {"image": Port("image", tensor(dtype="float32", quantization=None))},
    "output": Port("output", output_tensor(dtype="float32", quantization=None)),
}


def promising(scheme, **changes):
    sections = {"model": {"task": "classification", "quantization": scheme}}
    case = evidence(spec=spec(**sections), **changes)
    return [(f.rule, f.severity) for f in quantization.check_scheme(case)]


def with_scale(*scales):
    port = Port("image", tensor(quantization=QuantParams(scales, (0,) * len(scales))))
    return evidence(ports={"image": port})


def test_a_kept_promise_has_no_finding():
    assert promising("full-integer") == []
    assert promising("none", **FLOAT) == []


@pytest.mark.parametrize(
    ("scheme", "changes"),
    [
        ("full-integer", FLOAT),
        ("int16x8", {}),
        ("none", {}),
        ("dynamic-range", {}),
        ("float16", {}),
    ],
)
def test_another_scheme_than_promised_is_a_finding(scheme, changes):
    assert promising(scheme, **changes) == [("partially-quantized-or-hybrid", "error")]


def test_without_a_promise_any_scheme_will_do():
    assert list(quantization.check_scheme(evidence())) == []


@pytest.mark.parametrize("scales", [(0.1,), (1e-30, 5.0), (1e-45,)])
def test_positive_scales_have_no_finding(scales):
    assert list(quantization.check_scales(with_scale(*scales))) == []


@pytest.mark.parametrize("scales", [(0.0,), (-1.0,), (math.nan,), (math.inf,), (0.1, 0.0)])
def test_a_scale_that_is_none_is_a_finding(scales):
    found = list(quantization.check_scales(with_scale(*scales)))
    assert [f.rule for f in found] == ["quant-scale-degenerate"]
    assert found[0].subject.name == "tensor0"


def test_many_tensors_without_a_scale_are_one_finding_that_names_five():
    without = QuantParams((0.0,), (0,))
    names = [f"in{at}" for at in range(8)]
    ports = {n: Port(n, tensor(at, name=n, quantization=without)) for at, n in enumerate(names)}
    (found,) = quantization.check_scales(evidence(ports=ports))
    assert found.evidence["tensors"] == 8
    assert [found.evidence["tensor"], *found.evidence["others"]] == names[:5]


def test_operators_that_stay_float_are_named_with_their_share():
    quantized, plain = tensor(0), [tensor(at, dtype="float32", quantization=None) for at in (1, 2)]
    operators = [("DEQUANTIZE", 0, 1), ("ABS", 1, 2), ("QUANTIZE", 2, 3), ("RELU", 3, 3)]
    built = tuple(
        Operator(at, name, 1, (source,), (target,), is_custom=False)
        for at, (name, source, target) in enumerate(operators)
    )
    sections = {"model": {"task": "classification", "quantization": "full-integer"}}
    island = model([quantized, *plain, tensor(3)], operators=built)
    (found,) = quantization.check_scheme(evidence(spec=spec(**sections), model=island))
    assert found.evidence["float_operators"] == ["ABS x1"]
    assert found.evidence["float_share"] == 0.5
    assert 'compute on floats ("ABS x1")' in found.message


@pytest.mark.parametrize(("side", "expected"), [(31, []), (32, ["partially-quantized-or-hybrid"])])
def test_dynamic_range_leaves_small_weights_in_float(side, expected):
    weights = tensor(2, name="w", dtype="float32", quantization=None, shape=(side, side),
                     is_constant=True)  # fmt: skip
    ports = [port.tensor for port in (FLOAT["ports"]["image"], FLOAT["output"])]
    case = replace(
        evidence(spec=spec(model={"task": "regression", "quantization": "dynamic-range"})),
        model=model([*ports, weights], operators=(Operator(0, "FULLY_CONNECTED", 1, (0, 2), (1,), False),)),
    )  # fmt: skip
    assert [f.rule for f in quantization.check_scheme(case)] == expected
