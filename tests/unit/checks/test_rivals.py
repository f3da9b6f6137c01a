"""Which trial is believed, where something else explains the wrong answers, too."""

from dataclasses import replace

import numpy as np
import pytest
from evidence import compared, evidence, passed_over, seen_input, seen_labels, spec
from models import float_dense
from rule_examples import example

from edgecheck.checks import batch_norm, initial_weights, label_order, tried_steps
from edgecheck.checks.first_layer import suits_better
from edgecheck.checks.proofs import restores
from edgecheck.checks.rivals import believed, proven
from edgecheck.checks.trouble import blamed_elsewhere
from edgecheck.compare.renormalized import Renormalized
from edgecheck.compare.signal import LayerSignal, Signal
from edgecheck.compare.trials import Trial
from edgecheck.findings import Finding, Subject
from edgecheck.metrics.paired import mcnemar_p
from edgecheck.preprocess.alternatives import Change
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import read_model

RAW = Change("scaling", "raw pixels", (0.0, 255.0), ("rescale: {scale: 1}",), ())
TURNED = Change("orientation", "pictures turned upside down", key="rot180")
HELD = LayerSignal(
    index=-1, op="INPUT", name="x", tensor=0, inputs=(), deviation=1.0, units=8, dead=0,
    railed=None, is_output=False, decides=False,
)  # fmt: skip
DEAD = Signal(
    "reference",
    128,
    (
        HELD,
        replace(HELD, index=0, op="CONV_2D", tensor=1, inputs=(0,), dead=8, deviation=0.0),
        replace(HELD, index=1, tensor=2, inputs=(1,), decides=True, is_output=True, deviation=0.0),
    ),
)


def trial(change=TURNED, after=120, before=20, samples=128):
    p = mcnemar_p(0, max(after - before, 0))
    return Trial("image", change, samples, before, after, p)


def case(*trials, counts=None, low=0.0, high=1.0, **parts):
    half = None if counts is None else np.stack([counts, counts])
    labels = seen_labels(
        candidate_accuracy=0.3,
        labelled=200,
        confusion=half,
        **({} if counts is None else {"class_counts": {0: 100, 1: 100}, "highest": 1}),
    )
    observed = passed_over(compared(labels=labels), inputs=(seen_input(low=low, high=high),))
    return evidence(comparison=observed, trials=trials, **parts)


def of_file(scale, *trials, **parts):
    """A dense layer of 64 inputs that makes values `scale` times as large."""
    weights = np.full((4, 64), scale / 8, np.float32)
    data = float_dense(weights, np.zeros(4, np.float32))
    model = read_model(data)
    contract = contract_of(model)
    bound = {"image": contract.inputs[0]}
    return case(*trials, data=data, model=model, contract=contract, bound=bound, **parts)


EXCHANGED = np.array([[2, 48], [49, 1]])
"""Labels, by rows, and answers of half of the samples: 0.97 are met the other way round."""


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (20, 128, True), (20, 74, True), (20, 73, False), (0, 53, False), (116, 128, True),
        (116, 127, True), (119, 128, False), (128, 128, False), (20, 10, False),
    ],
)  # fmt: skip
def test_a_proof_makes_half_of_the_wrong_answers_right_beyond_chance(before, after, expected):
    assert restores(trial(after=after, before=before)) == expected


def test_a_gain_that_restores_little_is_named_without_proof():
    (finding,) = tried_steps.check(case(trial(after=53)))
    assert (finding.rule, finding.severity, finding.proof) == (
        "orientation-mismatch",
        "error",
        None,
    )
    assert proven(case(trial(after=53)), "image") is None


def test_few_wrong_answers_that_all_become_right_are_a_proof():
    (finding,) = tried_steps.check(case(trial(after=128, before=117)))
    assert finding.proof.after == 1


@pytest.mark.parametrize(("after", "wins"), [(70, False), (118, False), (123, True), (128, True)])
def test_labels_in_another_order_win_where_they_meet_more(after, wins):
    given = case(trial(after=after), counts=EXCHANGED)
    named = [f.rule for check in (tried_steps, label_order) for f in check.check(given)]
    assert named == ["orientation-mismatch" if wins else "label-order-or-offset"]


@pytest.mark.parametrize(("after", "wins"), [(90, False), (124, True)])
def test_statistics_win_where_they_meet_clearly_more(after, wins):
    anew = Renormalized(2, "norm", 0.5, 100, 20, 98, 1e-9, left=0.5)
    given = case(trial(after=after), renormalized=anew)
    named = [f.rule for check in (tried_steps, batch_norm) for f in check.check(given)]
    assert named == ["orientation-mismatch" if wins else "bn-statistics-unconverged"]


def test_values_too_large_for_the_first_weights_only_wake_what_is_dead():
    given = of_file(1.0, trial(RAW, 128), low=-1.0, signal=DEAD)
    assert believed(given, "image") is None
    assert blamed_elsewhere(given) == ""
    (finding,) = tried_steps.check(given)
    assert (finding.severity, finding.proof) == ("warning", None)


@pytest.mark.parametrize(
    "given",
    [
        of_file(1 / 255, trial(RAW, 128), signal=DEAD),  # weights that were made for raw pixels
        of_file(1.0, trial(RAW, 128), high=0.0039, signal=DEAD),
        of_file(1.0, trial(RAW, 128)),  # nothing is dead
        of_file(1.0, trial(TURNED, 128), signal=DEAD),  # no larger values
    ],
)
def test_a_trial_is_believed_where_its_values_suit_the_weights_or_nothing_is_dead(given):
    expected = given.trials[0]
    assert believed(given, "image") == expected


@pytest.mark.parametrize(("scale", "expected"), [(1.0, False), (0.2, False), (0.02, True)])
def test_first_weights_tell_the_size_of_what_they_were_made_for(scale, expected):
    assert suits_better(of_file(scale), "image", (0.0, 255.0), (0.0, 1.0)) == expected
    assert suits_better(of_file(scale), "image", (0.0, 1.0), (0.0, 255.0)) != expected


@pytest.mark.parametrize(("gain", "rule"), [(1 / 255, "double-normalized"), (1, "range-mismatch")])
def test_raw_pixels_are_scaled_twice_only_where_the_weights_hold_the_scaling(gain, rule):
    section = {"steps": ({"rescale": {"scale": 1 / 255}},)}
    given = replace(of_file(gain, trial(RAW, 128)), spec=spec({"image": section}))
    assert [f.rule for f in tried_steps.check(given)] == [f"input-{rule}"]


def test_of_changes_that_do_as_well_the_undoing_of_a_repeated_step_is_named():
    step = "rescale: {scale: 0.25}"
    once = Change("scaling", "pixels in 0..1", (0.0, 1.0), (step,), ())
    raw = Change("scaling", "raw pixels", (0.0, 255.0), (step, step), ())
    section = {"steps": ({"rescale": {"scale": 0.25}},) * 2}
    given = replace(case(trial(raw, 128), trial(once, 126)), spec=spec({"image": section}))
    (finding,) = tried_steps.check(given)
    assert finding.rule == "input-double-normalized"
    assert "pixels in 0..1" in finding.proof.action


def test_where_a_model_did_not_survive_a_trial_the_check_says_so():
    with pytest.raises(tried_steps.NotApplicable, match="crashed when it was fed otherwise"):
        list(tried_steps.check(case(untried="the candidate crashed when it was fed otherwise")))


@pytest.mark.parametrize(("after", "is_believed"), [(66, False), (100, True)])
def test_a_net_that_nobody_trained_is_right_by_luck(monkeypatch, after, is_believed):
    """43 of 128 are right before; that half of the others become right is more than luck."""
    given = case(trial(RAW, after, before=43))
    assert believed(given, "image") is not None
    fresh = Finding.of(example("weights-not-loaded"), Subject("model", "weights"))
    monkeypatch.setattr(initial_weights, "check", lambda _: iter([fresh]))
    assert (believed(replace(given), "image") is not None) == is_believed
