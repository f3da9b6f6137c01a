from dataclasses import replace

import pytest
from evidence import (
    compared,
    evidence,
    passed_over,
    seen_input,
    seen_labels,
    seen_pair,
    spec,
    tensor,
)
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.checks import calibration
from edgecheck.checks.calibration import fit
from edgecheck.checks.evidence import NotApplicable
from edgecheck.compare.trials import Trial
from edgecheck.metrics.paired import mcnemar_p
from edgecheck.preprocess.alternatives import Change
from edgecheck.quantization import QuantParams
from edgecheck.tflite.graph import Operator, Port

RULE = "calibration-preprocessing-mismatch"


def over(low, high, **changes):
    """A port whose int8 input represents [low, high]."""
    scale = (high - low) / 255
    zero_point = round(-128 - low / scale)
    return Port("image", tensor(quantization=QuantParams((scale,), (zero_point,)), **changes))


def found(port, promised=None, comparison=None):
    section = {} if promised is None else {"range": promised}
    case = evidence(ports={"image": port}, spec=spec({"image": section}), comparison=comparison)
    return [(f.rule, f.severity) for f in calibration.check(case)]


def data(low, high, clipped=0.0, pair=None):
    entry = seen_input(low=low, high=high, clipped=round(clipped * 38400))
    output = compared() if pair is None else compared(pair=pair)
    return passed_over(output, inputs=(entry,))


LOST = seen_pair(sqnr_db=2.0, sqnr_db_interval=(1.0, 3.0))


@pytest.mark.parametrize(
    ("port", "promised", "seen"),
    [
        (over(-1, 1), (-1.0, 1.0), None),
        (over(-1, 1), (-1.0, 1.0), data(-1, 1)),
        (over(0, 6.24), (0.0, 6.2831855), data(0, 6.28, clipped=0.007)),  # hello_world: 0.7 % short
        (over(0, 255), None, data(0, 255)),
        (over(0, 255), None, data(3, 200)),
        (over(-1, 1), None, data(-0.4, 0.4)),
        (over(-1, 1), None, data(-1.005, 1.005, clipped=0.0001)),
        (over(0, 1), (0.5, 1.0), data(0.5, 1)),  # converters always include 0
        # The file can hold what the spec promises: that the data break the promise is no fault
        # of calibration (and a finding of another check).
        (over(-1, 1), (-1.0, 1.0), data(-3, 3, clipped=0.3, pair=LOST)),
    ],
)
def test_ranges_that_fit_have_no_finding(port, promised, seen):
    assert found(port, promised, seen) == []


@pytest.mark.parametrize(
    ("port", "promised", "seen"),
    [
        (over(0, 255), (-1.0, 1.0), None),  # half the range and one code
        (over(0, 1), (-1.0, 1.0), None),
        (over(-1, 1), (0.0, 255.0), None),
        (over(0, 1), None, data(0, 255, clipped=0.98, pair=LOST)),
        (over(0, 255), None, data(0, 1, pair=LOST)),
    ],
)
def test_ranges_that_differ_are_an_error(port, promised, seen):
    assert found(port, promised, seen) == [(RULE, "error")]


def test_what_costs_nothing_is_only_a_warning():
    # Calibrated on [0, 226], fed [0, 255] with 12 % clipped, and the outputs agree.
    seen = data(0, 255, clipped=0.12)
    assert found(over(0, 226), None, seen) == [(RULE, "warning")]
    assert found(over(0, 226), None, data(0, 255, clipped=0.12, pair=LOST)) == [(RULE, "error")]


@pytest.mark.parametrize(
    ("port", "promised", "seen"),
    [
        (over(-0.85, 0.85), (-1.0, 1.0), None),
        (over(-3, 3), (-1.0, 1.0), None),
        (over(-5, 5), None, data(-1, 1)),
        (over(-1, 1), None, data(-1.2, 1.2, clipped=0.05)),
    ],
)
def test_a_mild_difference_is_a_warning(port, promised, seen):
    assert found(port, promised, seen) == [(RULE, "warning")]


def test_lack_of_power_excuses_nothing():
    # The interval of 9 dB reaches the limit of 10 dB; or there are too few samples to tell.
    doubted = seen_pair(sqnr_db=9.0, sqnr_db_interval=(6.0, 12.0))
    assert found(over(0, 226), None, data(0, 255, 0.12, doubted)) == [(RULE, "error")]
    few = data(0, 255, clipped=0.12)
    few = replace(few, inputs=(replace(few.inputs[0], distinct=19),))
    assert found(over(0, 226), None, few) == [(RULE, "error")]


def test_lost_accuracy_is_no_excuse_though_too_few_labels_prove_it():
    lost = seen_labels(reference_accuracy=1.0, candidate_accuracy=0.9, mcnemar_p=0.2)
    seen = passed_over(compared(labels=lost), inputs=data(0, 255, clipped=0.12).inputs)
    assert found(over(0, 226), None, seen) == [(RULE, "error")]


@pytest.mark.parametrize(("width", "hits"), [(1.17, 0), (1.994, 1)])
def test_a_file_made_for_twice_the_promised_range_is_a_warning(width, hits):
    assert found(over(0, width), (0.0, 1.0)) == [(RULE, "warning")] * hits


def test_parity_of_nothing_measured_excuses_nothing():
    nan = float("nan")
    nothing = seen_pair(sqnr_db=nan, cosine_p5=nan, agreement=None, kl_median=None)
    seen = data(0, 255, clipped=0.98, pair=nothing)
    assert found(over(0, 1), None, seen) == [(RULE, "error")]


def test_a_loss_that_is_worth_a_warning_excuses_no_range_that_cuts_values_off():
    doubtful = seen_pair(sqnr_db=17.0, sqnr_db_interval=(16.0, 18.0))
    for pair, severity in ((doubtful, "error"), (seen_pair(), "warning")):
        seen = data(0, 255, clipped=0.98, pair=pair)
        assert found(over(0, 1), None, seen) == [(RULE, severity)]


@pytest.mark.parametrize(("right", "severity"), [(0.866, "warning"), (0.83, "error")])
def test_an_output_that_is_less_exact_is_excused_where_as_many_labels_are_met(right, severity):
    inexact = seen_pair(sqnr_db=17.9, sqnr_db_interval=(16.4, 19.4))
    labels = seen_labels(reference_accuracy=0.868, candidate_accuracy=right, mcnemar_p=0.3)
    entry = seen_input(low=-5.3, high=5.3, clipped=int(0.18 * seen_input().elements))
    seen = passed_over(compared(pair=inexact, labels=labels), inputs=(entry,))
    assert found(over(-1.9, 1.9), None, seen) == [(RULE, severity)]


def test_a_float_input_behind_which_quantize_stands_is_judged():
    operators = (Operator(0, "QUANTIZE", 1, (0,), (1,), is_custom=False),)
    inner = tensor(1, quantization=QuantParams((1.0,), (-128,)), shape=(1, 8, 8, 3))
    case = evidence(
        ports={"image": Port("image", tensor(dtype="float32", quantization=None))},
        output=Port("output", inner),
        operators=operators,
        spec=spec({"image": {"range": (-1.0, 1.0)}}),
    )
    assert [f.severity for f in calibration.check(case)] == ["warning"]  # parity holds


@pytest.mark.parametrize(
    ("port", "promised", "seen", "reason"),
    [
        (over(-1, 1), None, None, "no `range`, and no sample"),
        (over(-1, 1), None, passed_over(inputs=(seen_input(elements=0),)), "no `range`"),
        (over(-1, 1), None, data(0, 0), "no `range`"),
        (Port("image", tensor(dtype="float32", quantization=None)), (-1.0, 1.0), None, "quantized"),
        (Port("image", tensor(quantization=QuantParams((0.0,), (0,)))), (0.0, 1.0), None, "quant"),
    ],
)
def test_without_two_ranges_it_is_skipped(port, promised, seen, reason):
    with pytest.raises(NotApplicable, match=reason):
        found(port, promised, seen)


def test_unbound_inputs_are_skipped():
    with pytest.raises(NotApplicable, match="do not match"):
        list(calibration.check(evidence(bound=None)))


@given(st.floats(-100, 100), st.floats(1e-3, 100), st.floats(1e-3, 1e3), st.integers(-128, 127))
def test_fit_against_counting_codes(low, width, scale, zero_point):
    representable = ((-128 - zero_point) * scale, (127 - zero_point) * scale)
    expected = (min(low, 0.0), max(low + width, 0.0))
    found = fit(representable, (low, low + width), 256)
    assert 0 <= found.coverage <= 1
    assert found.width_ratio == pytest.approx(255 * scale / (expected[1] - expected[0]))
    values = ((code - zero_point) * scale for code in range(-128, 128))
    inside = sum(expected[0] <= value <= expected[1] for value in values)
    assert abs(found.levels - inside) <= 2  # both ends may lie between two codes


@pytest.mark.parametrize(("right", "severity"), [(0.12, "warning"), (0.9, "error")])
def test_where_the_reference_is_lost_too_the_steps_are_as_suspect(right, severity):
    labels = seen_labels(reference_accuracy=right, candidate_accuracy=0.1)
    entry = seen_input(low=0, high=255, clipped=38000)
    seen = passed_over(compared(pair=LOST, labels=labels), inputs=(entry,))
    assert found(over(-1, 1), None, seen) == [(RULE, severity)]


def by_steps(port, *steps, comparison=None):
    section = {"kind": "image", "steps": ("decode", *steps)}
    case = evidence(ports={"image": port}, spec=spec({"image": section}), comparison=comparison)
    return list(calibration.check(case))


SIGNED = {"preset": "keras/mobilenet_v2"}
IMAGENET = {"preset": "keras/densenet"}


@pytest.mark.parametrize(
    ("port", "step"),
    [(over(-1, 1), SIGNED), (over(-2.118, 2.64), IMAGENET), (over(-2.5, 3), IMAGENET)],
)
def test_without_range_and_data_the_steps_say_what_is_expected(port, step):
    assert by_steps(port, step) == []


@pytest.mark.parametrize(("port", "step"), [(over(0, 255), SIGNED), (over(0, 1), SIGNED)])
def test_steps_that_calibration_did_not_see_are_an_error(port, step):
    (finding,) = by_steps(port, step)
    assert (finding.severity, finding.evidence["expected_from"]) == ("error", "steps")
    assert "your steps give -1 to 1" in finding.message


def test_channels_that_do_not_fit_are_named():
    (finding,) = by_steps(over(-2.118, 2.0), IMAGENET)
    assert finding.severity == "warning"
    assert finding.evidence["channels"] == ["0 (-2.118 to 2.249)", "1 (-2.036 to 2.429)",
                                            "2 (-1.804 to 2.64)"]  # fmt: skip
    (finding,) = by_steps(over(-1.85, 2.64), IMAGENET, comparison=data(-2, 2.6, clipped=0.02))
    assert finding.evidence["channels"] == ["0 (-2.118 to 2.249)", "1 (-2.036 to 2.429)"]


def test_a_promise_that_no_sample_uses_is_no_error():
    """A recording of 16 bits seldom fills them; what the data have is what counts."""
    port, promised = over(-9000, 9000), (-32768.0, 32767.0)
    assert found(port, promised, data(-8000, 8000, clipped=0.0, pair=LOST)) == [(RULE, "info")]
    assert found(port, promised, data(-30000, 30000, clipped=0.3, pair=LOST)) == [(RULE, "error")]
    assert found(port, promised) == [(RULE, "error")]


def test_int16_is_symmetric_whatever_the_data_are():
    params = QuantParams((255 / 32767,), (0,))
    port = Port("image", tensor(dtype="int16", quantization=params))
    assert found(port, (0.0, 255.0)) == []
    assert found(port, (0.0, 100.0)) == [(RULE, "warning")]


IN_SIGNED = Change("scaling", "pixels in -1..1", (-1.0, 1.0))
IN_BYTES = Change("scaling", "pixels in -128..127", (-128.0, 127.0))
TURNED = Change("orientation", "pictures turned upside down", key="rot180")


@pytest.mark.parametrize(
    ("change", "after", "severity"),
    [
        (IN_SIGNED, 200, "info"),
        (IN_BYTES, 200, "warning"),
        (IN_SIGNED, 184, "error"),
        (TURNED, 200, "error"),
    ],
    ids=["as recorded", "proven", "too few", "another change"],
)
def test_where_labels_prove_that_the_steps_are_wrong_the_calibration_is_not(
    change, after, severity
):
    before = 182
    trial = Trial("image", change, 200, before, after, mcnemar_p(0, after - before))
    fed = data(0.0, 2.0, clipped=0.5, pair=LOST)
    port, section = over(-1.0, 1.0), {"range": (0, 2)}
    case = evidence(
        ports={"image": port}, spec=spec({"image": section}), comparison=fed, trials=(trial,)
    )
    assert [(f.rule, f.severity) for f in calibration.check(case)] == [(RULE, severity)]
