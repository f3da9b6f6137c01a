"""When an experiment has undone a loss, and when it changed nothing."""

import math

import pytest
from evidence import alone, compared, passed_over, seen_labels, seen_output, seen_pair

from edgecheck.diagnosis.experiments.effect import distance, is_better, outcome
from edgecheck.spec.model import Tolerances


def output(agreement=0.99, *, name="output", noise=0.02, **changes):
    """Only agreement varies: the other metrics stay healthy."""
    ends = (agreement - noise, min(agreement + noise, 1.0))
    pair = seen_pair(agreement=agreement, agreement_interval=ends)
    return compared(name=name, pair=pair, **changes)


def judged(before, after, tolerances=None):
    return outcome("undone", passed_over(*before), passed_over(*after), tolerances)


def test_a_loss_that_is_gone_is_restored():
    found = judged([output(0.4)], [output(0.99)])
    assert found.effect == "restored"
    proof = found.proof
    assert (proof.action, proof.metric, proof.before, proof.after) == (
        "undone", "agreement", 0.4, 0.99,
    )  # fmt: skip
    assert proof.samples == seen_output().samples


@pytest.mark.parametrize("after", [0.3, 0.4, 0.6])
def test_a_loss_that_stays_refutes(after):
    assert judged([output(0.4)], [output(after)]).effect == "none"


def test_half_of_a_loss_undone_decides_nothing():
    # Two faults: without one of them the other is left.
    assert judged([output(0.2)], [output(0.7)]).effect == "unclear"


def test_an_interval_gives_no_benefit_of_the_doubt_to_what_is_restored():
    assert judged([output(0.4)], [output(0.80, noise=0.1)]).effect == "unclear"


def test_a_gain_within_noise_proves_nothing():
    few = output(0.84, noise=0.16)
    assert judged([few], [output(1.0, noise=0.0)]).effect == "unclear"
    many = output(0.84, noise=0.05)
    assert judged([many], [output(1.0, noise=0.0)]).effect == "restored"


def test_what_was_healthy_before_is_not_refuted_by_staying_so():
    assert judged([output(0.99)], [output(0.99)]).effect == "unclear"


def test_where_nothing_was_lost_no_gain_restores_anything():
    ends = {"sqnr_db": 32.0, "sqnr_db_interval": (31.0, 33.0)}
    good = compared(pair=seen_pair(**ends))
    better = compared(pair=seen_pair(sqnr_db=60.0, sqnr_db_interval=(59.0, 61.0)))
    assert judged([good], [better]).effect == "unclear"
    assert judged([output(0.95)], [output(1.0, noise=0.0)]).effect == "unclear"


def test_another_output_that_stays_lost_is_no_restoration():
    before = [output(0.4), output(0.4, name="other")]
    after = [output(0.99), output(0.4, name="other")]
    assert judged(before, after).effect != "restored"


def test_the_metric_told_is_one_that_was_lost():
    bad = compared(pair=seen_pair(sqnr_db=3.0, sqnr_db_interval=(2.0, 4.0)))
    found = judged([bad], [compared()])
    assert (found.proof.metric, found.proof.before, found.effect) == ("sqnr_db", 3.0, "restored")


def test_accuracy_is_told_beside():
    before = output(0.4, labels=seen_labels(candidate_accuracy=0.41, mcnemar_p=0.0))
    found = judged([before], [output(0.99, labels=seen_labels())])
    assert (found.proof.accuracy_before, found.proof.accuracy_after) == (0.41, 0.95)


@pytest.mark.parametrize(("accuracy", "effect"), [(0.68, "unclear"), (0.78, "restored")])
def test_what_costs_right_answers_restores_nothing(accuracy, effect):
    known = {"reference_accuracy": accuracy, "mcnemar_p": 1.0}
    labels = [seen_labels(candidate_accuracy=share, **known) for share in (0.79, accuracy)]
    noisy = seen_pair(sqnr_db=5.0, sqnr_db_interval=(4.0, 6.0))
    before = compared(name="output", pair=noisy, labels=labels[0])
    after = compared(name="output", pair=seen_pair(), labels=labels[1])
    assert judged([before], [after]).effect == effect


def test_nan_that_goes_away_is_restored():
    broken = output(0.4, candidate=seen_output(nonfinite=60, values=100))
    found = judged([broken], [output(0.99)])
    assert (found.proof.metric, found.proof.before, found.proof.after) == ("finite_share", 0.4, 1.0)
    assert found.effect == "restored"
    assert judged([broken], [broken]).effect == "none"


def test_tolerances_of_the_spec_count():
    strict = Tolerances(agreement=0.995)
    assert judged([output(0.4)], [output(0.99)], strict).effect == "unclear"


def test_nothing_compared_is_no_experiment():
    with pytest.raises(ValueError, match="no output"):
        judged([alone()], [alone()])


@pytest.mark.parametrize(
    ("metric", "equal", "worse"),
    [
        ("agreement", 1.0, 0.5),
        ("sqnr_db", math.inf, 3.0),
        ("kl_median", 0.0, 0.5),
        ("error_ratio", 1.0, 1.5),
        ("finite_share", 1.0, 0.2),
    ],
)
def test_equal_models_are_at_no_distance(metric, equal, worse):
    assert distance(metric, equal) == 0
    assert distance(metric, worse) > 0


def test_of_two_experiments_the_one_that_restores_is_better():
    good, fair = judged([output(0.4)], [output(0.99)]), judged([output(0.4)], [output(0.95)])
    bad = judged([output(0.4)], [output(0.4)])
    assert is_better(good, bad)
    assert is_better(good, fair)
    assert not is_better(bad, good)
    assert not is_better(fair, fair)
