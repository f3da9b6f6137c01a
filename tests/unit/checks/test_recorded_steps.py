"""What calibration recorded, where the float model fails for other reasons, too."""

import numpy as np
import pytest
from evidence import compared, evidence, passed_over, seen_input, seen_labels, spec, tensor

from edgecheck.checks import recorded_steps
from edgecheck.compare.trials import Trial
from edgecheck.preprocess.alternatives import Change
from edgecheck.quantization import QuantParams
from edgecheck.tflite.graph import Port

LOST, WELL = 0.1, 0.95
NARROW, RAW = (-1.0, 1.0), (0.0, 255.0)


def port(name, low, high, shape=(1, 8, 8, 3), index=0):
    """An int8 input that calibration gave this range."""
    scale = (high - low) / 255
    params = QuantParams((scale,), (round(-128 - low / scale),))
    return Port(name, tensor(index, shape=shape, quantization=params))


def case(recorded, fed, accuracy=LOST, kind="array", **parts):
    """A model that meets its labels so often; one input of these two ranges."""
    labels = seen_labels(candidate_accuracy=accuracy, reference_accuracy=accuracy)
    entry = seen_input(low=fed[0], high=fed[1], clipped=38000)
    return evidence(
        ports={"image": port("image", *recorded)},
        spec=spec({"image": {"range": fed, "kind": kind}}),
        comparison=passed_over(compared(labels=labels), inputs=(entry,)),
        **parts,
    )


def crossed(left, right, accuracy=LOST, shapes=((1, 8), (1, 8))):
    """Two inputs calibrated with -0.4..1 and -1..0.4, and what each gets."""
    labels = seen_labels(candidate_accuracy=accuracy, reference_accuracy=accuracy)
    ports = {
        "left": port("left", -0.4, 1.0, shapes[0]),
        "right": port("right", -1.0, 0.4, shapes[1], 1),
    }
    entries = tuple(
        seen_input(name=name, low=span[0], high=span[1], clipped=9000)
        for name, span in (("left", left), ("right", right))
    )
    return evidence(
        ports=ports,
        spec=spec({name: {"range": (-1.0, 1.0)} for name in ports}),
        comparison=passed_over(compared(labels=labels), inputs=entries),
    )


def rules(given):
    return [(f.rule, f.severity, f.role) for f in recorded_steps.check(given)]


@pytest.fixture(autouse=True)
def suits(monkeypatch):
    """What the first weights are made for; nothing unless told."""

    def told(span=None):
        monkeypatch.setattr(recorded_steps, "suits_better", lambda _e, _n, new, _old: new == span)

    told()
    return told


@pytest.mark.parametrize(
    ("recorded", "fed", "rule"),
    [
        (NARROW, RAW, "input-not-normalized"),
        (RAW, NARROW, "input-range-mismatch"),
        (NARROW, (0.0, 1.0), "input-range-mismatch"),
    ],
)
def test_another_range_than_calibration_saw_is_suspected_where_the_float_model_fails(
    recorded, fed, rule
):
    assert rules(case(recorded, fed)) == [(rule, "warning", "cause")]
    assert rules(case(recorded, fed, accuracy=WELL)) == []


def test_the_first_weights_decide_between_steps_and_calibration(suits):
    (finding,) = recorded_steps.check(case(NARROW, RAW))
    assert "calibrated with -1" in finding.message
    suits(pytest.approx(NARROW, abs=0.01))
    assert rules(case(NARROW, RAW)) == [("input-not-normalized", "error", "cause")]
    suits(RAW)
    assert rules(case(NARROW, RAW)) == []  # calibration was wrong


@pytest.mark.parametrize("fed", [NARROW, (-0.98, 1.0)])
def test_ranges_that_fit_say_nothing(fed):
    assert rules(case(NARROW, fed)) == []


def test_a_trial_of_another_scaling_or_one_that_brings_all_back_tells_more():
    change = Change("scaling", "pixels in -1..1", made=NARROW)
    told = Trial("image", change, 128, 20, 90, 1e-9)
    assert rules(case(NARROW, RAW, trials=(told,))) == []
    turned = Change("orientation", "pictures turned upside down", key="rot180")
    partly, wholly = (Trial("image", turned, 128, 20, after, 1e-9) for after in (90, 126))
    assert rules(case(NARROW, RAW, trials=(partly,))) != []
    assert rules(case(NARROW, RAW, trials=(wholly,))) == []


def test_two_inputs_with_the_values_of_each_other_are_mixed_up():
    (finding,) = recorded_steps.check(crossed((-1.0, 0.4), (-0.45, 1.0)))
    assert (finding.rule, finding.severity, finding.role) == ("io-order-swapped", "error", "cause")
    assert (finding.evidence["input"], finding.evidence["other"]) == ("left", "right")
    assert "calibrated with -0.4" in finding.message
    assert np.allclose(finding.evidence["recorded"], [[-0.4, 1.0], [-1.0, 0.4]], atol=0.01)


@pytest.mark.parametrize(
    ("left", "right", "more"),
    [
        ((-1.0, 0.4), (-0.4, 1.0), {"accuracy": WELL}),
        ((-0.4, 1.0), (-1.0, 0.4), {}),  # each its own
        ((-1.0, 0.4), (-1.0, 0.4), {}),  # one of the two
        ((-1.0, 1.0), (-1.0, 1.0), {}),  # neither of the two
        ((-1.0, 0.4), (-0.4, 1.0), {"shapes": ((1, 8), (1, 9))}),
    ],
)
def test_inputs_that_fit_or_cannot_be_exchanged_are_not_mixed_up(left, right, more):
    assert "io-order-swapped" not in {rule for rule, *_ in rules(crossed(left, right, **more))}


TINY = (-1 / 128, 1 / 128)
AGAIN = {"rescale": {"scale": 1 / 128}}


def divided(recorded, fed=TINY, **section):
    """A model that only guesses; its steps divide by 128, and calibration saw `recorded`."""
    labels = seen_labels(candidate_accuracy=LOST, reference_accuracy=LOST)
    entry = seen_input(low=fed[0], high=fed[1])
    section = {"kind": "array", "steps": (AGAIN,), **section}
    return evidence(
        ports={"image": port("image", *recorded, shape=(1, 16))},
        spec=spec({"image": section}),
        comparison=passed_over(compared(labels=labels), inputs=(entry,)),
    )


@pytest.mark.parametrize("promise", [{}, {"range": NARROW}])
def test_steps_that_scale_values_which_calibration_saw_as_stored_scale_twice(suits, promise):
    (finding,) = recorded_steps.check(divided(NARROW, **promise))
    assert (finding.rule, finding.severity) == ("input-double-normalized", "warning")
    assert "of stored values from -1 to 1" in finding.message
    assert "take `rescale: {scale: 0.0078125}` out of the spec" in finding.fix
    suits(pytest.approx(NARROW, abs=0.01))
    assert rules(divided(NARROW, **promise)) == [("input-double-normalized", "error", "cause")]
    suits(TINY)
    assert rules(divided(NARROW, **promise)) == []  # calibration was wrong


@pytest.mark.parametrize(
    ("recorded", "fed", "section"),
    [
        ((-30.0, 30.0), TINY, {}),  # not the stored values
        (RAW, (0.0, 255 / 128), {}),  # raw pixels: nothing scaled them before
        (NARROW, TINY, {"steps": ({"rescale": {"scale": 0.5}},)}),  # hardly smaller
        (NARROW, TINY, {"steps": ()}),
    ],
)
def test_steps_that_make_what_they_should_do_not_scale_twice(recorded, fed, section):
    found = {rule for rule, *_ in rules(divided(recorded, fed, **section))}
    assert "input-double-normalized" not in found
