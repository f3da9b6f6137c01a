from dataclasses import replace

import pytest
from evidence import evidence, model, output_tensor, tensor

from edgecheck.checks.evidence import NotApplicable
from edgecheck.checks.target import check_memory, check_operators, check_types
from edgecheck.runtime.devices import DeviceProfile
from edgecheck.runtime.target import Target, TargetRuntime
from edgecheck.tflite.graph import Operator


def _with(*operators, runtime=None, **target):
    """Evidence of a file with (name, version) builtins and names of custom operators."""
    listed = tuple(
        Operator(index, item, 1, (0,), (1,), is_custom=True)
        if isinstance(item, str)
        else Operator(index, *item, (0,), (1,), is_custom=False)
        for index, item in enumerate(operators)
    )
    tensors = [tensor(0, shape=(1, 100, 100, 3)), output_tensor(1)]
    return replace(
        evidence(model=model(tensors, 1, listed)),
        runtime=runtime,
        target=Target(**target) if target else None,
    )


def _runtime(name, release=None):
    return (TargetRuntime(name, release),)


def _device(**facts):
    plain = {"name": "board", "description": "A board", "runtimes": ("tflm",), "sources": ("us",)}
    return DeviceProfile(**{**plain, **facts})


def _found(check, given):
    return [(finding.rule, finding.severity) for finding in check(given)]


def test_without_a_target_and_a_run_there_is_nothing_to_judge_by():
    with pytest.raises(NotApplicable):
        list(check_operators(_with(("ADD", 1))))


def test_a_version_that_the_target_does_not_know_is_an_error_with_the_release_that_does():
    given = _with(("FULLY_CONNECTED", 10), runtimes=_runtime("tflite-runtime", "2.11.0"))
    (finding,) = check_operators(given)
    assert (finding.rule, finding.severity) == ("op-version-unsupported", "error")
    assert (finding.evidence["highest"], finding.evidence["known_since"]) == (9, "2.13.0")
    assert "2.13.0" in finding.fix


def test_what_only_litert_knows_is_advised_in_place_of_tflite_runtime():
    given = _with(("FULLY_CONNECTED", 12), runtimes=_runtime("tflite-runtime", "2.14.0"))
    (finding,) = check_operators(given)
    assert "ai-edge-litert 1.0.0" in finding.fix


def test_each_operator_is_named_once_however_often_it_occurs():
    given = _with(*[("FULLY_CONNECTED", 12)] * 5, "FlexErf", runtimes=_runtime("tflite-runtime"))
    assert len(list(check_operators(given))) == 2


def test_one_runtime_of_the_device_is_enough():
    both = (*_runtime("tflite-runtime"), *_runtime("litert"))
    assert _found(check_operators, _with(("FULLY_CONNECTED", 12), runtimes=both)) == []


def test_an_open_release_that_matters_is_only_a_note():
    given = _with(("FULLY_CONNECTED", 10), runtimes=_runtime("tflite-runtime"))
    assert _found(check_operators, given) == [("op-version-unsupported", "info")]


def test_an_unmeasured_release_that_may_refuse_is_a_warning():
    given = _with(("FULLY_CONNECTED", 10), runtimes=_runtime("tflite-runtime", "2.12.1"))
    assert _found(check_operators, given) == [("op-version-unsupported", "warning")]


def test_a_release_older_than_all_that_are_known_is_not_judged():
    with pytest.raises(NotApplicable, match=r"before 1\.0\.0"):
        list(check_operators(_with(("ADD", 1), runtimes=_runtime("litert", "0.9"))))


def test_the_runtime_in_use_is_judged_without_a_target_too():
    given = _with("VendorScore", runtime=("litert", "2.3.0"))
    assert _found(check_operators, given) == [("flex-or-custom-op-required", "error")]


def test_what_target_and_runtime_in_use_both_lack_is_found_once():
    runtimes = _runtime("tflite-runtime", "2.14.0")
    given = _with("VendorScore", runtime=("litert", "2.3.0"), runtimes=runtimes)
    (finding,) = check_operators(given)
    assert finding.evidence["runtime"] == "tflite-runtime"


def test_the_accelerator_of_the_device_has_its_own_operator():
    device = _device(custom_operators=("edgetpu-custom-op",), runtimes=("tflite-runtime==2.5.0",))
    runtimes = _runtime("tflite-runtime", "2.5.0")
    assert _found(check_operators, _with("edgetpu-custom-op", runtimes=runtimes)) != []
    given = _with("edgetpu-custom-op", runtimes=runtimes, device=device)
    assert _found(check_operators, given) == []


def test_a_compiled_file_is_told_apart_from_other_custom_operators():
    (finding,) = check_operators(_with("ethos-u", runtime=("litert", "2.3.0")))
    assert "went into the compiler" in finding.fix


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"ram_bytes": 29_999}, [("device-memory-exceeded", "error")]),  # 30000 in, 10 out
        ({"ram_bytes": 30_010}, []),
        ({"flash_bytes": 999}, [("device-memory-exceeded", "error")]),  # the file has 1000 bytes
        ({"flash_bytes": 1000}, []),
        ({"ram_bytes": 1, "is_expandable": True}, [("device-memory-exceeded", "warning")]),
        ({"ram_bytes": 30_010, "runtimes": ("litert",)}, [("device-memory-exceeded", "error")]),
        ({"ram_bytes": 31_010, "runtimes": ("litert",)}, []),
    ],
)
def test_only_what_is_more_than_the_device_has_is_found(facts, found):
    given = _with(("CONV_2D", 1), runtimes=_runtime("tflm"), device=_device(**facts))
    assert _found(check_memory, given) == found


def test_memory_is_not_judged_without_a_number():
    with pytest.raises(NotApplicable, match="states no memory"):
        list(check_memory(_with(("ADD", 1), runtimes=_runtime("tflm"), device=_device())))


def test_memory_is_not_asked_about_without_a_device():
    assert list(check_memory(_with(("ADD", 1), runtimes=_runtime("tflm")))) == []


def _layer(weights, values="float32", name="FULLY_CONNECTED", runtimes=("tflm",)):
    """Evidence of a file with one operator on `values` and constant weights of a type."""
    tensors = [
        tensor(0, dtype=values),
        replace(tensor(1, dtype=weights), is_constant=True),
        output_tensor(2),
    ]
    inputs = (1,) if name == "DEQUANTIZE" else (0, 1)
    operator = Operator(0, name, 1, inputs, (2,), is_custom=False)
    target = Target(tuple(TargetRuntime(each, None) for each in runtimes))
    return replace(evidence(model=model(tensors, 2, (operator,))), target=target)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (_layer("int8"), ["FULLY_CONNECTED x1"]),
        (_layer("int8", name="CONV_2D"), ["CONV_2D x1"]),
        (_layer("float16", name="DEQUANTIZE"), ["DEQUANTIZE x1"]),
        (_layer("float32"), None),
        (_layer("int8", "int8"), None),
        (_layer("int8", name="EMBEDDING_LOOKUP"), None),
        (_layer("int8", runtimes=("litert",)), None),
        (_layer("int8", runtimes=("tflm", "litert")), None),
        (replace(_layer("int8"), target=None), None),
    ],
)
def test_float_values_with_smaller_weights_are_refused_by_tflm_alone(given, expected):
    found = list(check_types(given))
    assert [finding.evidence["float_operators"] for finding in found] == [expected] * bool(expected)
    for finding in found:
        assert (finding.rule, finding.severity) == ("partially-quantized-or-hybrid", "error")
        assert "tflm" in finding.message
