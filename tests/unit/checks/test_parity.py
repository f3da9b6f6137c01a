import math

import pytest
from evidence import alone, compared, evidence, passed_over, seen_labels, seen_pair, spec

from edgecheck.checks import parity
from edgecheck.checks.evidence import NotApplicable
from edgecheck.compare.statistics import Measure


def found(output=None, tolerances=None):
    parts = {} if tolerances is None else {"tolerances": tolerances}
    case = evidence(spec=spec(**parts), comparison=passed_over(output or compared()))
    return [(f.severity, f.evidence["metric"]) for f in parity.check(case)]


BAD = {
    "agreement": (0.5, (0.4, 0.6)),
    "sqnr_db": (3.0, (2.0, 4.0)),
    "cosine_p5": (0.2, (0.1, 0.3)),
    "kl_median": (1.0, (0.8, 1.2)),
}
DOUBTFUL = {
    "agreement": (0.88, (0.86, 0.90)),
    "sqnr_db": (15.0, (13.0, 17.0)),
    "cosine_p5": (0.7, (0.6, 0.8)),
    "kl_median": (0.1, (0.08, 0.15)),
}


def pair_with(metric, value, interval):
    return compared(pair=seen_pair(**{metric: value, f"{metric}_interval": interval}))


def test_a_close_candidate_has_no_finding():
    assert found() == []


def test_equal_models_have_no_finding():
    pair = seen_pair(sqnr_db=math.inf, sqnr_db_interval=(math.inf, math.inf), kl_median=0.0)
    assert found(compared(pair=pair)) == []


@pytest.mark.parametrize("metric", BAD)
def test_a_metric_wholly_beyond_its_limit_is_an_error(metric):
    assert found(pair_with(metric, *BAD[metric])) == [("error", metric)]


@pytest.mark.parametrize("metric", DOUBTFUL)
def test_a_metric_between_the_limits_is_a_warning(metric):
    assert found(pair_with(metric, *DOUBTFUL[metric])) == [("warning", metric)]


@pytest.mark.parametrize(
    ("metric", "value", "interval"),
    [
        ("agreement", 0.80, (0.70, 0.94)),
        ("sqnr_db", 9.0, (5.0, 20.5)),
        ("cosine_p5", 0.4, (0.1, 0.95)),
        ("kl_median", 0.3, (0.01, 0.5)),
    ],
)
def test_an_interval_that_reaches_the_good_side_decides_nothing(metric, value, interval):
    assert found(pair_with(metric, value, interval)) == []


def test_one_flip_in_27_decides_nothing():
    assert found(pair_with("agreement", 26 / 27, (0.889, 1.0))) == []


def test_one_sample_that_disagrees_decides_nothing():
    # The exact interval of 0 of 1.
    assert found(pair_with("agreement", 0.0, (0.0, 0.975))) == []


@pytest.mark.parametrize(
    ("tolerances", "expected"),
    [
        ({"agreement": 0.999}, [("warning", "agreement")]),  # 0.99 misses it, the interval not
        ({"sqnr_db": 40.0}, [("error", "sqnr_db")]),
        ({"sqnr_db": 5.0}, []),
        ({"cosine_p5": 0.999}, [("error", "cosine_p5")]),
        ({"kl_median": 0.0}, [("error", "kl_median")]),
        ({"kl_median": 0.0025}, []),
        ({"accuracy_drop": 0.01}, []),
    ],
)
def test_tolerances_of_the_spec_replace_the_limits(tolerances, expected):
    assert found(tolerances=tolerances) == expected


def test_a_looser_tolerance_silences_the_default():
    output = pair_with("sqnr_db", *BAD["sqnr_db"])
    assert found(output, {"sqnr_db": 1.0}) == []


@pytest.mark.parametrize(
    ("drop", "p", "expected"),
    [
        (0.04, 0.001, "error"),
        (0.04, 0.03, "warning"),
        (0.04, 0.2, None),
        (0.02, 0.001, "warning"),
        (0.005, 0.001, None),
        (-0.10, 0.001, None),
    ],
)
def test_lost_accuracy_needs_size_and_significance(drop, p, expected):
    labels = seen_labels(reference_accuracy=0.9, candidate_accuracy=0.9 - drop, mcnemar_p=p)
    assert found(compared(labels=labels)) == ([(expected, "accuracy")] if expected else [])


@pytest.mark.parametrize(("p", "expected"), [(0.04, "error"), (0.5, "warning")])
def test_accuracy_tolerance_of_the_spec(p, expected):
    labels = seen_labels(reference_accuracy=0.9, candidate_accuracy=0.88, mcnemar_p=p)
    tolerances = {"accuracy_drop": 0.01}
    assert found(compared(labels=labels), tolerances) == [(expected, "accuracy")]


def cheap(value, interval):
    changes = {"agreement": 0.5, "agreement_interval": (0.4, 0.6)}
    return compared(pair=seen_pair(**changes, regret_share=Measure(value, interval)))


@pytest.mark.parametrize(
    ("share", "interval", "expected"),
    [
        (0.001, (0.0, 0.01), "warning"),
        (0.2, (0.12, 0.3), "warning"),
        (0.3, (0.2, 0.4), "error"),
        (0.2, None, "error"),
        (0.1, None, "warning"),
    ],
)
def test_other_classes_are_an_error_only_if_the_reference_rejects_them(share, interval, expected):
    assert found(cheap(share, interval)) == [(expected, "agreement")]


def test_a_tolerance_of_the_spec_is_no_matter_of_regret():
    assert found(cheap(0.001, None), {"agreement": 0.9}) == [("error", "agreement")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "warning"),
        ({"candidate_accuracy": 0.93, "mcnemar_p": 0.2}, "warning"),
        ({"candidate_accuracy": 0.94, "mcnemar_p": 0.04}, "error"),
        ({"candidate_accuracy": 0.97, "mcnemar_p": 0.001}, "warning"),
        ({"candidate_accuracy": 0.90, "mcnemar_p": 0.2}, "error"),
        ({"labelled": 50}, "error"),  # too few of 200
        ({"reference_accuracy": 0.1, "candidate_accuracy": 0.1}, "error"),  # it guesses
    ],
)
@pytest.mark.parametrize("metric", ["agreement", "kl_median"])
def test_kept_accuracy_excuses_other_classes(metric, changes, expected):
    value, interval = BAD[metric]
    pair = seen_pair(**{metric: value, f"{metric}_interval": interval})
    levels = found(compared(pair=pair, labels=seen_labels(**changes)))
    assert levels[0] == (expected, metric)


def test_labels_without_reference_accuracy_are_not_judged():
    labels = seen_labels(reference_accuracy=None, mcnemar_p=None, candidate_accuracy=0.1)
    assert found(compared(labels=labels)) == []


def test_an_error_is_shown_before_a_warning():
    changes = {"agreement": DOUBTFUL["agreement"], "kl_median": BAD["kl_median"]}
    fields = {name: value for name, (value, _) in changes.items()}
    fields |= {f"{name}_interval": interval for name, (_, interval) in changes.items()}
    assert found(compared(pair=seen_pair(**fields))) == [("error", "kl_median")]


NOTHING = seen_pair(
    sqnr_db=math.nan, sqnr_db_interval=None, cosine_p5=math.nan, cosine_p5_interval=None,
    agreement=None, agreement_interval=None, kl_median=None, kl_median_interval=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"comparison": None}, "no sample was run"),
        ({"comparison": passed_over(samples=0)}, "empty"),
        ({"comparison": passed_over(alone())}, "nothing to compare with"),
        ({"comparison": passed_over(outputs=())}, "no output"),
        ({"comparison": passed_over(compared(pair=NOTHING))}, "no value that can be compared"),
    ],
)
def test_without_anything_measured_it_is_skipped(changes, reason):
    case = evidence(**changes)
    with pytest.raises(NotApplicable, match=reason):
        list(parity.check(case))
    assert not parity.parity_holds(case)


def test_parity_holds_up_to_a_warning():
    assert parity.parity_holds(evidence())
    doubtful = passed_over(pair_with("sqnr_db", *DOUBTFUL["sqnr_db"]))
    assert parity.parity_holds(evidence(comparison=doubtful))
    bad = passed_over(compared(), pair_with("sqnr_db", *BAD["sqnr_db"]))
    assert not parity.parity_holds(evidence(comparison=bad))
