"""The spec or the calibration: which is wrong, where the float model does well with what it is fed."""

from dataclasses import replace

import numpy as np
import pytest
from evidence import compared, evidence, passed_over, seen_input, seen_labels, spec, tensor

from edgecheck.checks import calibration, recorded_rival, recorded_steps
from edgecheck.checks.recorded_rival import is_better_cut, is_open
from edgecheck.compare.trials import Trial
from edgecheck.compare.weight_match import match_weights
from edgecheck.diagnosis.ranking import ranked
from edgecheck.metrics.paired import mcnemar_p
from edgecheck.preprocess.alternatives import Change
from edgecheck.quantization import QuantParams
from edgecheck.tflite.graph import Port
from edgecheck.tflite.weights import Weight

UNIT, SIGNED, RAW = (0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)
IMAGENET = (-2.118, 2.64)


def tried(made, after, before=120):
    """Of 128 samples, fed as calibration saw them."""
    p = mcnemar_p(max(before - after, 0), max(after - before, 0))
    change = Change("scaling", f"pixels in {made}", made)
    return Trial("image", change, 128, before, after, p, None, commonest=16)


def case(recorded, fed, *trials, right=0.94, candidate=0.8, p=0.001, kind="array", clipped=0.4):
    """A float model that is right so often, and a candidate calibrated with another range."""
    scale = (recorded[1] - recorded[0]) / 255
    params = QuantParams((scale,), (round(-128 - recorded[0] / scale),))
    labels = seen_labels(candidate_accuracy=candidate, reference_accuracy=right, mcnemar_p=p)
    entry = seen_input(low=fed[0], high=fed[1])
    entry = seen_input(low=fed[0], high=fed[1], clipped=round(clipped * entry.elements))
    return evidence(
        ports={"image": Port("image", tensor(shape=(1, 8, 8, 3), quantization=params))},
        spec=spec({"image": {"range": fed, "kind": kind}}),
        comparison=passed_over(compared(labels=labels), inputs=(entry,)),
        trials=trials,
    )


def told(given):
    return [(f.rule, f.severity, f.evidence["witness"]) for f in recorded_steps.check(given)]


@pytest.fixture(autouse=True)
def suits(monkeypatch):
    """What the first weights are made for; nothing unless told."""

    def told(span=None):
        monkeypatch.setattr(recorded_rival, "suits_better", lambda _e, _n, new, _old: new == span)

    told()
    return told


OPEN = [("input-range-mismatch", "warning", "open")]


@pytest.mark.parametrize("kind", ["array", "image"])
def test_where_nothing_tells_both_are_named_the_calibration_first(kind):
    given = case(UNIT, SIGNED, kind=kind)
    assert told(given) == OPEN
    both = [*recorded_steps.check(given), *calibration.check(given)]
    causes = ranked(both).causes
    assert [(cause.rule, cause.confidence) for cause in causes] == [
        ("calibration-preprocessing-mismatch", "likely"),
        ("input-range-mismatch", "suspected"),
    ]
    assert "does not tell which" in causes[1].summary
    assert "training code" in causes[1].fix


@pytest.mark.parametrize(
    ("after", "rival"),
    [
        (124, OPEN),  # too few to decide
        (116, OPEN),
        (112, []),  # 8 of 8: the float model needs the values of the spec
    ],
)
def test_labels_that_speak_for_the_spec_leave_the_calibration_alone(after, rival):
    assert told(case(UNIT, SIGNED, tried(UNIT, after))) == rival


def test_a_float_model_with_hardly_a_wrong_answer_needs_no_other_values():
    assert told(case(UNIT, SIGNED, right=0.99)) == []


def test_no_model_does_well_with_values_far_smaller_than_those_of_training(suits):
    assert told(case(RAW, UNIT)) == []
    assert told(case(RAW, UNIT, tried(RAW, 119))) == []  # whatever luck has it do as well
    assert told(case(UNIT, RAW)) == [("input-not-normalized", "warning", "open")]
    suits(RAW)
    assert told(case(UNIT, RAW)) == []  # the first weights were made for what it is fed


def test_pictures_are_not_trained_on_values_that_no_usual_scaling_gives():
    again = (0.0, 1 / 255)
    assert told(case(again, UNIT, kind="image")) == []
    assert told(case(again, UNIT)) == [("input-not-normalized", "warning", "open")]


def test_poor_samples_of_the_right_values_have_no_rival():
    assert told(case((0.0, 0.3), UNIT)) == []


def test_ranges_that_fit_have_no_rival():
    assert told(case(SIGNED, SIGNED, clipped=0)) == []


def test_without_enough_labels_it_says_nothing():
    given = case(UNIT, SIGNED)
    assert not is_open(evidence(), "image", UNIT, SIGNED)
    assert not is_open(given, "another", UNIT, SIGNED)


def test_a_candidate_that_gains_by_being_cut_off_shows_that_the_values_are_wrong():
    given = case(UNIT, IMAGENET, right=0.91, candidate=1.0)
    assert told(given) == [("input-range-mismatch", "error", "cut")]
    assert [finding.severity for finding in calibration.check(given)] == ["info"]


@pytest.mark.parametrize(
    "changes",
    [
        {"p": 0.2},  # by chance
        {"candidate": 0.93},  # not half
        {"candidate": 0.8},
        {"clipped": 0.01},  # hardly anything is cut off
    ],
)
def test_a_candidate_that_does_no_better_for_it_shows_nothing(changes):
    given = case(UNIT, IMAGENET, **{"right": 0.91, "candidate": 1.0, **changes})
    assert not is_better_cut(given, "image")


@pytest.mark.parametrize(("other", "is_told"), [(1, False), (0, True)])
def test_a_model_that_was_made_of_another_shows_nothing_of_the_values(other, is_told):
    drawn = [np.random.default_rng(seed).normal(size=(8, 16)).astype(np.float32) for seed in (0, 1)]
    weights = [Weight("dense", values, 0, "FULLY_CONNECTED") for values in drawn]
    given = case(UNIT, IMAGENET, right=0.91, candidate=1.0)
    given = replace(given, weights=match_weights(weights[:1], [weights[other]]))
    assert is_better_cut(given, "image") == is_told
