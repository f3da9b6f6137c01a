"""What the reference does itself and the candidate does not, in findings."""

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

from edgecheck.checks import calibration, normalization, tried_steps
from edgecheck.checks.lost_steps import changes_values, left_out, may_be_lost
from edgecheck.compare.stages import StageWalk, Step
from edgecheck.compare.trials import Trial
from edgecheck.preprocess.alternatives import Change
from edgecheck.quantization import QuantParams
from edgecheck.tflite.graph import Operator, Port
from edgecheck.tflite.leading import Leading

RAW, UNIT, SIGNED, IMAGENET = (0.0, 255.0), (0.0, 1.0), (-1.0, 1.0), (-2.118, 2.64)
OPERATORS = tuple(
    Operator(n, name, 1, (), (), is_custom=False) for n, name in enumerate(("MUL", "ADD"))
)
INSIDE = Leading((2 / 255,), (-1.0,), OPERATORS, tensor())
LOST, DOUBLE = "preprocessing-not-in-exported-graph", "input-double-normalized"


def case(fed=RAW, *, inside=INSIDE, trials=(), accuracy=(0.1, 0.95), recorded=SIGNED, **parts):
    """A candidate (accuracy first) that starts behind what its reference does with pixels."""
    ours, theirs = accuracy
    labels = seen_labels(candidate_accuracy=ours, reference_accuracy=theirs)
    scale = (recorded[1] - recorded[0]) / 255
    params = QuantParams((scale,), (round(-128 - recorded[0] / scale),))
    entry = seen_input(low=fed[0], high=fed[1], clipped=30000)
    seen = passed_over(compared(labels=labels), inputs=(entry,))
    return evidence(
        spec=spec({"image": {"range": fed}}),
        ports={"image": Port("image", tensor(quantization=params))},
        comparison=parts.pop("comparison", seen),
        lost_steps=inside,
        trials=trials,
        **parts,
    )


def told(found):
    return [(f.rule, f.severity) for f in found]


def alone(fed, made):
    change = Change("scaling", "other values", made, (), ("rescale: {scale: 2}",))
    return Trial("image", change, 64, 7, 62, 1e-9, fed=fed)


def test_what_the_files_show_is_named_where_no_trial_tells():
    (finding,) = tried_steps.check(case())
    assert (finding.rule, finding.severity, finding.proof) == (LOST, "error", None)
    assert 'itself makes -1 to 1 of 0 to 255 ("MUL", "ADD")' in finding.message
    assert "`rescale: {scale: 0.00784313725, offset: -1}`" in finding.fix
    assert list(tried_steps.check(case(inside=None))) == []


def test_a_trial_proves_it_though_the_classes_of_the_twin_do_not_depend_on_it():
    same = passed_over(compared(pair=seen_pair()))
    stages = StageWalk((Step("weights", "twin", ("weights",), same, same),))
    tried = (alone("candidate", SIGNED),)
    (finding,) = tried_steps.check(case(stages=stages, trials=tried))
    assert (finding.rule, finding.proof.after) == (LOST, 62 / 64)
    assert list(tried_steps.check(case(stages=stages, trials=tried, inside=None))) == []


def test_values_that_are_only_a_little_off_for_one_model_are_lost_steps_too():
    halved = Leading((2.0,), (-1.0,), OPERATORS, tensor())
    given = {"trials": (alone("candidate", SIGNED),), "inside": halved}
    assert told(tried_steps.check(case(UNIT, **given))) == [(LOST, "error")]
    assert told(tried_steps.check(case(UNIT, **{**given, "inside": None}))) == [
        ("input-range-mismatch", "error")
    ]


def test_what_labels_prove_besides_is_named_with_it():
    turned = Change("orientation", "pictures turned upside down", key="rot180")
    both = Trial("image", turned, 64, 20, 58, 1e-9)
    assert told(tried_steps.check(case(trials=(both,)))) == [
        (LOST, "error"), ("orientation-mismatch", "error"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fed", "accuracy", "expected"),
    [
        (IMAGENET, (0.95, 0.1), [(DOUBLE, "error")]),
        (SIGNED, (0.95, 0.1), []),  # the spec does what the candidate has lost
        (IMAGENET, (0.95, 0.95), []),
        (RAW, (0.1, 0.1), []),
    ],
)
def test_a_reference_that_scales_what_the_spec_scales_otherwise_scales_twice(
    fed, accuracy, expected
):
    assert told(normalization.check(case(fed, accuracy=accuracy))) == expected


def test_both_are_told_of_one_trial():
    given = case(IMAGENET, accuracy=(0.95, 0.1), trials=(alone("reference", RAW),))
    (twice,) = normalization.check(given)
    assert twice.proof is not None
    assert "the reference model itself scales it" in twice.message
    assert "export the model with the scaling layer that its reference" in twice.fix
    assert told(tried_steps.check(given)) == [(LOST, "error")]


def test_a_calibration_that_saw_what_the_reference_makes_inside_is_no_fault():
    assert told(calibration.check(case())) == [("calibration-preprocessing-mismatch", "info")]
    for given in (case(inside=None), case(recorded=(-0.1, 0.1))):
        (finding,) = calibration.check(given)
        assert finding.severity == "error"


def test_arithmetic_that_changes_nothing_is_not_lost():
    same = Leading((1.0,), (0.0,), OPERATORS[:1], tensor())
    assert not changes_values(case(), same)
    assert changes_values(case(), INSIDE)
    assert left_out(replace(case(), lost_steps=None), "image") is None


def test_steps_are_proposed_only_where_one_rescale_does_the_same():
    by_channel = Leading((1.0, 2.0, 3.0), (0.0,) * 3, OPERATORS, tensor())
    finding = left_out(case(inside=by_channel), "image")
    assert finding.evidence["steps"] == []
    assert "rescale" not in finding.fix


@pytest.mark.parametrize(
    ("accuracy", "agreement", "expected"),
    [((0.1, 0.1), 1.0, True), ((0.1, 0.95), 0.2, True), ((0.95, 0.95), 1.0, False)],
)
def test_files_are_looked_at_where_parity_or_the_reference_is_lost(accuracy, agreement, expected):
    ours, theirs = accuracy
    labels = seen_labels(candidate_accuracy=ours, reference_accuracy=theirs)
    interval = (agreement - 0.05, min(agreement + 0.05, 1.0))
    pair = seen_pair(agreement=agreement, agreement_interval=interval)
    seen = passed_over(compared(labels=labels, pair=pair))
    assert may_be_lost(case(comparison=seen)) == expected
