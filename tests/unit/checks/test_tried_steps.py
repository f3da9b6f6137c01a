from dataclasses import replace

import pytest
from evidence import (
    alone,
    compared,
    evidence,
    passed_over,
    seen_input,
    seen_labels,
    seen_pair,
    spec,
)

from edgecheck.checks import inputs, tried_steps
from edgecheck.checks.evidence import NotApplicable
from edgecheck.compare.stages import StageWalk, Step
from edgecheck.compare.trials import Trial
from edgecheck.findings import Proof
from edgecheck.metrics.paired import mcnemar_p
from edgecheck.preprocess.alternatives import Change

RAW, UNIT = (0.0, 255.0), (0.0, 1.0)
REVERSED = Change("channel-order", "the other order", added=("channel-order: BGR",))


def scaled(made):
    return Change("scaling", f"pixels in {made}", made, (), ("rescale: {scale: 2}",))


def trial(change=REVERSED, before=20, after=58, **fields):
    """Of 64 samples, none of which the change makes wrong."""
    return Trial("image", change, 64, before, after, mcnemar_p(0, after - before), **fields)


def found(*trials, section=None, seen=RAW, comparison=None, stages=None):
    observed = comparison or passed_over(compared(labels=seen_labels(candidate_accuracy=0.3)))
    entry = seen_input(low=seen[0], high=seen[1])
    case = evidence(
        spec=spec({"image": section or {}}),
        comparison=replace(observed, inputs=(entry,)),
        trials=trials,
        stages=stages,
    )
    return list(tried_steps.check(case))


def names(findings):
    return [(f.rule, f.severity) for f in findings]


def test_channels_that_are_clearly_better_reversed_are_an_error_with_its_proof():
    (finding,) = found(trial())
    assert (finding.rule, finding.severity) == ("channel-order-swapped", "error")
    assert finding.proof == Proof(
        "64 samples fed with the other order", "accuracy", 20 / 64, 58 / 64
    )
    assert "58 of 64" in finding.message
    assert "Add `channel-order: BGR` to" in finding.fix


@pytest.mark.parametrize(("before", "after"), [(40, 40), (40, 46), (40, 47), (58, 20), (0, 0)])
def test_a_gain_that_is_small_or_none_says_nothing(before, after):
    p = mcnemar_p(10, 10 + after - before) if after > before else 1.0
    assert found(replace(trial(before=before, after=after), p=p)) == []


def test_the_change_that_helps_most_is_named():
    assert names(found(trial(after=50), trial(scaled(UNIT), after=60))) == [
        ("input-not-normalized", "error")
    ]
    assert names(found(trial(after=60), trial(scaled(UNIT), after=50))) == [
        ("channel-order-swapped", "error")
    ]


@pytest.mark.parametrize(
    ("seen", "made", "rule"),
    [
        (RAW, UNIT, "input-not-normalized"),
        (UNIT, RAW, "input-range-mismatch"),
        (UNIT, (-1.0, 1.0), "input-range-mismatch"),
    ],
)
def test_another_scaling_is_named_with_the_step_to_add(seen, made, rule):
    (finding,) = found(trial(scaled(made)), seen=seen)
    assert (finding.rule, finding.severity) == (rule, "error")
    assert "58 of 64 labelled samples" in finding.message
    assert finding.fix.startswith("Add `rescale: {scale: 2}` to the spec's steps")


def test_a_promise_that_is_broken_is_proven_and_told_once():
    observed = passed_over(compared(labels=seen_labels(candidate_accuracy=0.3)))
    case = evidence(
        spec=spec({"image": {"range": UNIT}}),
        comparison=replace(observed, inputs=(seen_input(low=0.0, high=255.0),)),
        trials=(trial(scaled(UNIT)),),
    )
    (finding,) = inputs.check_range(case)
    assert finding.rule == "input-not-normalized"
    assert finding.proof is not None
    assert list(tried_steps.check(case)) == []


@pytest.mark.parametrize(("sqnr_db", "rule"), [(30.0, None), (2.0, "preprocessing")])
def test_nothing_is_left_out_of_a_file_whose_float_twin_answers_as_the_reference(sqnr_db, rule):
    seen = seen_pair(sqnr_db=sqnr_db, sqnr_db_interval=(sqnr_db - 1, sqnr_db + 1))
    twin = passed_over(compared(pair=seen))
    stages = StageWalk((Step("weights", "twin", ("weights",), twin, twin),))
    one_sided = trial(scaled(RAW), fed="reference")
    told = [f.rule.split("-")[0] for f in found(one_sided, seen=UNIT, stages=stages)]
    assert told == ([] if rule is None else [rule])


def test_a_trial_that_only_names_the_commonest_class_proves_nothing():
    """What a model answers blindly that is fed with nonsense meets the labels of most samples."""
    assert names(found(trial(before=30, after=60, commonest=60))) == []
    assert names(found(trial(before=30, after=60, commonest=40))) == OTHER_ORDER


LEFT_OUT = [("preprocessing-not-in-exported-graph", "error")]
OTHER_ORDER = [("channel-order-swapped", "error")]


def test_what_labels_prove_besides_is_named_with_what_one_model_alone_needs():
    alone_needs = trial(scaled(UNIT), fed="candidate")
    assert names(found(alone_needs, trial(REVERSED))) == [*LEFT_OUT, *OTHER_ORDER]
    assert names(found(alone_needs, trial(REVERSED, after=36))) == LEFT_OUT  # little is right then
    assert names(found(alone_needs, trial(scaled((-1.0, 1.0))))) == LEFT_OUT  # told already


OTHER_RANGE = [("input-range-mismatch", "error")]
FEATURES = Change("features", "every feature standardised", added=("normalize: {mean: [1, 2]}",))


@pytest.mark.parametrize(
    ("change", "seen", "fed", "expected"),
    [
        (scaled(UNIT), RAW, "candidate", LEFT_OUT),
        (scaled(RAW), UNIT, "reference", LEFT_OUT),
        (scaled(RAW), UNIT, "candidate", []),  # it has too much inside, not too little
        (scaled(UNIT), RAW, "reference", []),
        (FEATURES, RAW, "candidate", LEFT_OUT),
        (FEATURES, RAW, "reference", []),
        (REVERSED, RAW, "candidate", OTHER_ORDER),
        (REVERSED, RAW, "reference", OTHER_ORDER),
        (scaled(UNIT), (-1.0, 1.0), "candidate", OTHER_RANGE),  # neither takes raw pixels
        (scaled((-1.0, 1.0)), UNIT, "candidate", OTHER_RANGE),
        (scaled((-1.0, 1.0)), UNIT, "reference", OTHER_RANGE),
    ],
)
def test_what_one_model_alone_needs_is_named(change, seen, fed, expected):
    assert names(found(trial(change, fed=fed), seen=seen)) == expected


@pytest.mark.parametrize(
    ("right", "swapped", "other"),
    [
        ({"candidate_accuracy": 0.3, "reference_accuracy": 0.9}, ".tflite", "reference"),
        ({"candidate_accuracy": 0.9, "reference_accuracy": 0.3}, "reference", ".tflite"),
    ],
)
def test_the_model_that_labels_speak_against_sees_its_channels_swapped(right, swapped, other):
    """The trial works with either of them, since the two only differ."""
    observed = passed_over(compared(labels=seen_labels(**right)))
    tried = [trial(after=60, fed=who) for who in ("candidate", "reference")]
    (finding,) = found(*tried, comparison=observed)
    assert f"the {swapped} model sees its colour channels swapped" in finding.message
    assert f"60 of 64 samples get the class that the {other} model gives them" in finding.message
    assert ("add `channel-order: BGR`" in finding.fix) == (swapped == ".tflite")


def test_another_range_of_one_model_alone_says_whose():
    (finding,) = found(trial(scaled(UNIT), after=60, fed="candidate"), seen=(-1.0, 1.0))
    assert "With pixels scaled to 0 to 1 for the .tflite model alone, 60 of 64" in finding.message
    assert "labelled" not in finding.message
    assert "If the .tflite file is right, add `rescale: {scale: 2}`" in finding.fix


def test_the_twin_speaks_for_a_candidate_whose_input_cannot_hold_other_values():
    tried = [trial(scaled(UNIT), after=20, fed="candidate"), trial(scaled(UNIT), fed="twin")]
    (finding,) = found(*tried)
    assert names([finding]) == LEFT_OUT
    assert "the float twin of the .tflite model answers as the reference model" in finding.message
    assert finding.proof.action.startswith(
        "64 samples fed to the float twin of the candidate alone"
    )
    assert "`rescale: {scale: 2}`" in finding.fix


def test_what_the_reference_scales_inside_comes_before_what_labels_say():
    tried = (trial(scaled(RAW), after=64), trial(scaled(RAW), after=60, fed="reference"))
    (finding,) = found(*tried, seen=UNIT)
    assert names([finding]) == LEFT_OUT
    assert finding.proof.metric == "agreement"


@pytest.mark.parametrize(
    "fields",
    [{"after": 45}, {"after": 60, "unmoved": 56}, {"after": 60, "commonest": 58}],
    ids=["no-agreement", "unnoticed-by-the-other", "both-name-one-class"],
)
def test_a_change_that_makes_no_agreement_or_nobody_notices_says_nothing(fields):
    assert found(trial(scaled(UNIT), fed="candidate", **fields)) == []


def test_without_labels_and_reference_there_is_nothing_to_judge_by():
    with pytest.raises(NotApplicable):
        found(comparison=passed_over(alone()))
