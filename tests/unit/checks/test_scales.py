from dataclasses import replace

import pytest
from evidence import compared, passed_over, seen_pair
from models import OpDef, TensorDef, build_model
from static_findings import file_evidence, found

from edgecheck.checks import scales

MARK = 2e-6 / 255
"""What TensorFlow 2.21 gave every input that was calibrated on zeros."""


def chain(*tensors, names=("RELU",), outputs=None):
    """tensor 0 -> names[0] -> tensor 1 -> names[1] -> tensor 2 ..."""
    defs = [TensorDef(f"t{at}", (1, 4), *entry) for at, entry in enumerate(tensors)]
    operators = [OpDef(name, [at], [at + 1]) for at, name in enumerate(names)]
    return build_model(defs, operators, [0], outputs or [len(defs) - 1])


def test_an_input_that_was_calibrated_on_zeros_is_an_error():
    # With biases only the input has the mark: everything behind it was not 0.
    data = chain(("int8", MARK), ("int8", 0.01), ("int8", 0.02), names=("RELU", "RELU"))
    assert found(scales.check_calibration, data) == [("calibration-degenerate", "error")]
    quantized_inside = chain(
        ("float32",), ("int8", MARK), ("int8", 0.1), names=("QUANTIZE", "RELU")
    )
    assert found(scales.check_calibration, quantized_inside) == [
        ("calibration-degenerate", "error")
    ]


def test_an_input_that_was_zero_is_an_error_though_a_part_of_the_output_is_requantized():
    data = chain(("int8", MARK), ("int8", 0.1), ("int8", 0.2), names=("RELU", "QUANTIZE"))
    assert found(scales.check_calibration, data) == [("calibration-degenerate", "error")]


def test_one_of_two_inputs_that_was_zero_is_a_warning():
    tensors = [TensorDef(n, (1, 4), "int8", s) for n, s in (("a", MARK), ("b", 0.1), ("y", 0.1))]
    data = build_model(tensors, [OpDef("ADD", [0, 1], [2])], [0, 1], [2])
    assert found(scales.check_calibration, data) == [("calibration-degenerate", "warning")]


@pytest.mark.parametrize(
    "inner",
    [
        [("int8", 1e-11), ("int8", 0.1)],  # currents in amperes
        [("int8", 0.1), ("int8", MARK), ("int8", 0.1)],  # one dead layer
        [("float32",), ("float32",)],
    ],
)
def test_tiny_units_and_single_dead_layers_are_no_degenerate_calibration(inner):
    data = chain(*inner, names=("RELU",) * (len(inner) - 1))
    assert found(scales.check_calibration, data) == []


def test_mostly_tiny_scales_are_a_warning():
    data = chain(("int8", 0.1), ("int8", 1e-8), ("int8", 1e-8), names=("RELU", "RELU"))
    assert found(scales.check_calibration, data) == [("calibration-degenerate", "warning")]


@pytest.mark.parametrize(
    ("name", "first", "second", "hits"),
    [
        ("RESHAPE", (0.1, 0), (0.1, 0), 0),
        ("RESHAPE", (0.1, 0), (0.2, 0), 1),
        ("MAX_POOL_2D", (0.1, 3), (0.1, 4), 1),
        ("RESHAPE", (0.1, 0), (0.1003, 0), 0),
        ("RELU", (0.1, 0), (0.2, 0), 0),
        ("QUANTIZE", (0.1, 0), (0.2, 0), 0),
    ],
)
def test_copied_codes_keep_their_scale(name, first, second, hits):
    data = chain(("int8", *first), ("int8", *second), names=(name,))
    assert found(scales.check_copies, data) == [("concat-scale-mismatch", "warning")] * hits


@pytest.mark.parametrize(
    ("scale", "zero_point", "is_gross"), [(0.8, 0, True), (0.11, 0, False), (0.1, 60, True)]
)
def test_copied_codes_that_mean_other_values_are_an_error_once_an_output_shows_it(
    scale, zero_point, is_gross
):
    data = chain(("int8", 0.1, 0), ("int8", scale, zero_point), names=("RESHAPE",))
    doubtful = seen_pair(sqnr_db=17.0, sqnr_db_interval=(16.0, 18.0))
    for pair, shows in ((doubtful, True), (seen_pair(), False)):
        known = replace(file_evidence(data), comparison=passed_over(compared(pair=pair)))
        (finding,) = scales.check_copies(known)
        assert finding.severity == ("error" if is_gross and shows else "warning")


def joined(branch, other, target, dtype="int8", *, requantized=False):
    """Two inputs joined; the first goes through a QUANTIZE to the target's scale if asked for."""
    tensors = [
        TensorDef("a", (1, 4), dtype, branch),
        TensorDef("b", (1, 4), dtype, other),
        TensorDef("q", (1, 4), dtype, target),
        TensorDef("y", (1, 8), dtype, target),
    ]
    convert = [OpDef("QUANTIZE", [0], [2])] if requantized else []
    sources = [2, 1] if requantized else [0, 1]
    return build_model(tensors, [*convert, OpDef("CONCATENATION", sources, [3])], [0, 1], [3])


def test_concatenation_of_int8_needs_one_scale_and_uint8_converts():
    assert found(scales.check_copies, joined(0.1, 0.2, 0.2)) == [
        ("concat-scale-mismatch", "warning")
    ]
    assert found(scales.check_copies, joined(0.1, 0.2, 0.2, "uint8")) == []


@pytest.mark.parametrize(("branch", "hits"), [(0.004, 1), (0.011, 0)])
def test_a_branch_far_smaller_than_the_others_is_lost(branch, hits):
    for data in (joined(branch, 0.2, 0.2, requantized=True), joined(branch, 0.2, 0.2, "uint8")):
        kinds = [f.evidence["kind"] for f in scales.check_copies(file_evidence(data))]
        assert kinds == ["lost-branch"] * hits


@pytest.mark.parametrize(("codes", "hits"), [(31, 1), (33, 0), (1000, 0)])
def test_a_branch_of_16_bits_is_lost_by_its_codes_and_not_by_its_share(codes, hits):
    data = joined(codes * 0.2 / 65535, 0.2, 0.2, "int16", requantized=True)
    assert len(found(scales.check_copies, data)) == hits


@pytest.mark.parametrize(
    ("name", "dtype", "scale", "zero_point", "hits"),
    [
        ("SOFTMAX", "int8", 1 / 256, -128, 0),
        ("SOFTMAX", "uint8", 1 / 256, 0, 0),
        ("LOGISTIC", "int8", 1 / 255, -128, 1),
        ("LOGISTIC", "int8", 1 / 256, -127, 1),
        ("TANH", "int8", 1 / 128, 0, 0),
        ("TANH", "uint8", 1 / 128, 128, 0),
        ("TANH", "int8", 1 / 127, 0, 1),
        ("SOFTMAX", "int16", 1 / 32768, 0, 0),
    ],
)
def test_fixed_outputs_have_their_fixed_scale(name, dtype, scale, zero_point, hits):
    data = chain((dtype, 0.1), (dtype, scale, zero_point), names=(name,))
    assert found(scales.check_fixed, data) == [("softmax-output-resolution", "warning")] * hits


def softmax(classes, dtype="int8"):
    tensors = [
        TensorDef("x", (1, classes), dtype, 0.1),
        TensorDef("p", (1, classes), dtype, 1 / 256, -128),
        TensorDef("y", (1, classes)),
    ]
    operators = [OpDef("SOFTMAX", [0], [1]), OpDef("DEQUANTIZE", [1], [2])]
    return build_model(tensors, operators, [0], [2])


def test_many_classes_and_fine_thresholds_are_noted():
    note = [("softmax-output-resolution", "info")]
    assert found(scales.check_fixed, softmax(257)) == note
    assert found(scales.check_fixed, softmax(256)) == []
    assert found(scales.check_fixed, softmax(10), outputs={"y": {"threshold": 0.001}}) == note
    assert found(scales.check_fixed, softmax(10), outputs={"y": {"threshold": 0.5}}) == []


@pytest.mark.parametrize(
    ("tensors", "severity"),
    [
        ([("float32",), ("int8", 1.0), ("int8", 1 / 127)], "warning"),
        ([("float32",), ("int8", 0.1), ("int8", 0.12)], "info"),
        ([("int8", 1.0), ("int8", 1 / 127), ("int8", 1 / 127)], "warning"),
        ([("uint8", 1 / 255, 0), ("int8", 1 / 255, -128), ("int8", 0.1)], None),
        ([("int16", 0.001), ("int8", 0.1), ("int8", 0.1)], None),
    ],
)
def test_an_input_is_quantized_once(tensors, severity):
    is_float = tensors[0] == ("float32",)
    names = ("QUANTIZE", "QUANTIZE") if is_float else ("QUANTIZE", "RELU")
    wanted = [] if severity is None else [("input-double-quantized", severity)]
    assert found(scales.check_input, chain(*tensors, names=names)) == wanted
