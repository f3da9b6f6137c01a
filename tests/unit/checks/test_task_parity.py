"""Parity of tasks that have metrics of their own."""

import math

import numpy as np
import pytest
from evidence import (
    SAMPLES,
    alone,
    compared,
    evidence,
    passed_over,
    seen_labels,
    seen_output,
    seen_pair,
    spec,
)

from edgecheck.checks import collapse, labels, parity
from edgecheck.checks.evidence import NotApplicable
from edgecheck.compare.statistics import (
    ElementStatistics,
    ErrorStatistics,
    MapStatistics,
    Measure,
    OutputComparison,
    TaskStatistics,
)
from edgecheck.compare.summary import headline, is_compared, output_metrics
from edgecheck.metrics.truth import Errors

NO_CLASSES = {"agreement": None, "agreement_interval": None, "kl_median": None}
PAIR = seen_pair(**NO_CLASSES)


def errors(loss=None, ratio=None):
    sides = Errors(0.1, 0.2, 0.9), Errors(0.05, 0.1, 0.95)
    return ErrorStatistics(60, *sides, r2_loss=loss, ratio=ratio)


def judged(kind, pair=PAIR, tolerances=None, **task):
    output = compared(kind=kind, pair=pair, task=TaskStatistics(**task))
    parts = {} if tolerances is None else {"tolerances": tolerances}
    case = evidence(spec=spec(**parts), comparison=passed_over(output))
    return [(f.severity, f.evidence["metric"]) for f in parity.check(case)]


def measure(value, spread=0.1):
    return Measure(value, (value - spread, value + spread))


GOOD = measure(30.0)


@pytest.mark.parametrize(
    ("kind", "task", "expected"),
    [
        ("values", {"variation_sqnr_db": GOOD}, []),
        ("values", {"variation_sqnr_db": measure(4.0)}, [("error", "variation_sqnr_db")]),
        ("values", {"variation_sqnr_db": measure(15.0)}, [("warning", "variation_sqnr_db")]),
        ("values", {"variation_sqnr_db": Measure(4.0, (1.0, 21.0))}, []),
        ("pixels", {"pixel_agreement": measure(0.7)}, [("error", "pixel_agreement")]),
        ("pixels", {"mean_iou": measure(0.3)}, [("error", "mean_iou")]),
        ("pixels", {"mean_iou": measure(0.6)}, [("warning", "mean_iou")]),
    ],
)
def test_metrics_against_the_reference(kind, task, expected):
    assert judged(kind, **task) == expected


@pytest.mark.parametrize(
    ("kind", "loss", "expected"),
    [
        ("values", measure(0.3), [("error", "r2_loss")]),
        ("values", measure(0.04, 0.01), [("warning", "r2_loss")]),
        ("values", measure(0.3, 0.29), []),
        ("values", Measure(-0.5, (-0.6, -0.4)), []),
    ],
)
def test_lost_explained_variance(kind, loss, expected):
    assert judged(kind, variation_sqnr_db=GOOD, errors=errors(loss, measure(9.0))) == expected


@pytest.mark.parametrize(("ratio", "expected"), [(1.02, []), (1.25, ["warning"]), (3.3, ["error"])])
def test_a_reconstruction_of_a_steady_input_is_judged_by_its_error(ratio, expected):
    found = judged("reconstruction", errors=errors(measure(5.0), measure(ratio)))
    assert found == [(severity, "error_ratio") for severity in expected]


@pytest.mark.parametrize("kind", ["values", "reconstruction"])
@pytest.mark.parametrize(
    ("loss", "ratio", "expected"),
    [
        (0.001, 12.9, None),  # both are nearly exact
        (0.3, 1.05, None),  # the truth hardly moves
        (0.04, 3.0, "warning"),
        (0.3, 1.2, "warning"),
        (0.3, 1.4, "error"),
        (math.nan, 9.0, None),
    ],
)
def test_truth_is_lost_only_if_both_r2_and_ratio_say_so(kind, loss, ratio, expected):
    both = errors(measure(loss, 0.001), measure(ratio, 0.01))
    found = judged(kind, variation_sqnr_db=GOOD, errors=both)
    assert [severity for severity, _ in found] == ([expected] if expected else [])


def element(index, variation, loss=None, ratio=9.0):
    known = {} if loss is None else {"r2_loss": measure(loss, 0.001), "ratio": measure(ratio)}
    return ElementStatistics(index, measure(variation), **known)


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ([element(0, 40), element(2, 3.0)], [("error", "variation_sqnr_db", 2)]),
        ([element(0, 15), element(1, 3.0)], [("error", "variation_sqnr_db", 1)]),
        ([element(0, 40), element(1, 15)], [("warning", "variation_sqnr_db", 1)]),
        ([element(0, 3, loss=0.8), element(1, 40, loss=0)], [("error", "r2_loss", 0)]),
        ([element(0, 3, loss=0.8, ratio=1.02)], [("warning", "variation_sqnr_db", 0)]),
        ([element(0, 3, loss=0.0)], [("warning", "variation_sqnr_db", 0)]),
        ([element(0, 40, loss=0.0)], []),
    ],
)
def test_one_lost_target_is_an_error_that_the_pooled_value_hides(elements, expected):
    task = TaskStatistics(variation_sqnr_db=GOOD, elements=tuple(elements))
    case = evidence(comparison=passed_over(compared(kind="values", pair=PAIR, task=task)))
    found = [(f.severity, f.evidence["metric"], f.evidence["element"]) for f in parity.check(case)]
    assert found == expected


def still(**sides):
    """Check zero and constant of an output that answers 0 to targets of 0."""
    zero = {"zero_samples": SAMPLES, "spread": 0.0, "class_counts": None}
    known = ErrorStatistics(SAMPLES, Errors(0, 0, math.nan), Errors(0, 0, math.nan), **sides)
    parts = {"candidate": seen_output(**zero), "kind": "values"}
    task = TaskStatistics(errors=known)
    return lambda **other: [
        (f.rule, f.severity)
        for check in (collapse.check_zero, collapse.check_constant)
        for f in check(
            evidence(comparison=passed_over(compared(**{**parts, "task": task, **other})))
        )
    ]


BOTH = [("zero-output", "error"), ("constant-output", "error")]


def test_zeros_where_the_targets_are_zero_are_right():
    zero = seen_output(zero_samples=SAMPLES, spread=0.0, class_counts=None)
    right = {"candidate_right": 0.99, "reference_right": 0.99}
    assert still(**right, ratio=Measure(1.0))(reference=zero) == []
    assert still(**right, ratio=Measure(0.0))() == []
    alone_ = still(candidate_right=0.99)(reference=None, pair=None)
    assert alone_ == [(rule, "warning") for rule, _ in BOTH]


def test_zeros_that_miss_what_the_reference_meets_are_not():
    assert still(candidate_right=0.95, reference_right=0.99, ratio=Measure(7.0))() == BOTH
    assert still(candidate_right=0.5, reference_right=0.5, ratio=Measure(1.0))() == BOTH
    assert still(candidate_right=0.95, ratio=Measure(math.inf))() == BOTH


def test_lost_overlap_with_true_maps():
    maps = MapStatistics(0.5, 0.1, 0.6, measure(0.1, 0.01))
    assert judged("pixels", maps=maps) == [("error", "iou_loss")]


def test_embeddings_have_stricter_cosines():
    turned = seen_pair(**NO_CLASSES, cosine_p5=0.85, cosine_p5_interval=(0.8, 0.88))
    assert judged("raw", turned) == [("warning", "cosine_p5")]
    assert judged("vectors", turned) == [("error", "embedding_cosine_p5")]


def test_tolerances_of_the_spec_reach_the_metrics_of_a_task():
    loss = errors(measure(0.04, 0.001))
    assert judged("values", tolerances={"accuracy_drop": 0.03}, errors=loss) == [
        ("error", "r2_loss")
    ]
    assert judged("values", tolerances={"accuracy_drop": 0.05}, errors=loss) == []
    found = judged("values", tolerances={"sqnr_db": 40.0}, variation_sqnr_db=GOOD)
    assert found == [("error", "variation_sqnr_db")]


def test_a_regression_that_never_moves_is_not_judged_by_its_variation():
    with pytest.raises(NotApplicable):
        judged("values", variation_sqnr_db=Measure(float("nan")))


def target_findings(task="regression", labelled=True, **statistics):
    dataset = {"path": "x.npz", **({"labels": "y"} if labelled else {})}
    output = compared(kind="values", task=TaskStatistics(**statistics))
    case = evidence(
        spec=spec(model={"task": task}, dataset=dataset), comparison=passed_over(output)
    )
    return [(f.severity, f.evidence["labels"]) for f in labels.check_count(case)]


def test_targets_are_counted_against_the_output():
    assert target_findings(errors=errors()) == []
    assert target_findings(misfit=(3, 2)) == [("error", 3)]
    assert target_findings() == [("warning", 0)]
    with pytest.raises(NotApplicable, match="regression"):
        target_findings(labelled=False)


def constant(labels=None, **changes):
    one_class = np.array([0, SAMPLES])
    seen = {"spread": 0.0, "distinct": 1, "class_counts": one_class}
    parts = {
        "candidate": seen_output(**seen),
        "reference": seen_output(**{**seen, "spread": 1e-3, "distinct": SAMPLES}),
        "labels": labels,
        **changes,
    }
    case = evidence(comparison=passed_over(compared(**parts)))
    return [(f.severity, f.subject.kind) for f in collapse.check_constant(case)]


def test_one_class_of_data_explains_constant_scores():
    same = seen_labels(class_counts={1: SAMPLES}, labelled=SAMPLES, candidate_accuracy=1.0)
    still = {"reference": seen_output(spread=0.0, class_counts=np.array([0, SAMPLES]))}
    assert constant() == []
    assert constant(same, **still) == []
    assert constant(**still) == [("error", "reference")]
    assert constant(same, reference=None, pair=None) == [("warning", "output")]
    apart = seen_pair(agreement=0.99, sqnr_db=2.0, sqnr_db_interval=(1.0, 3.0))
    assert constant(pair=apart) == [("error", "output")]


def test_metrics_of_a_task_reach_the_report():
    task = TaskStatistics(variation_sqnr_db=GOOD, errors=errors(measure(0.05), measure(4.0)))
    shown = output_metrics(compared(kind="values", task=task))
    assert shown.variation_sqnr_db == 30
    assert shown.errors.against == "targets"
    assert shown.errors.reference.mae == 0.05
    assert shown.errors.ratio_interval.high == pytest.approx(4.1)
    assert shown.pixel_agreement is None


def test_the_headline_of_groups_is_the_worst_group_of_the_primary_output():
    groups: list[OutputComparison] = [
        compared(name=f"head/{name}", whole="head", pair=seen_pair(sqnr_db=level))
        for name, level in (("boxes", 40.0), ("scores", 3.0))
    ]
    other = compared(name="other", pair=seen_pair(sqnr_db=1.0))
    assert headline(passed_over(*groups, other), "head").output == "head/scores"


def test_true_values_alone_show_something_if_the_candidate_beats_their_mean():
    for r2, shows in ((0.5, True), (-0.5, False), (float("nan"), False)):
        known = ErrorStatistics(60, Errors(0.1, 0.2, r2))
        output = alone(kind="values", task=TaskStatistics(errors=known))
        assert is_compared(passed_over(output)) is shows


def head(value):
    """What is told of a small head with an SQNR of 40 dB that follows the reference so far."""
    return judged("raw", variation_sqnr_db=measure(value), ranges=((0.1, 0.9), (0.2, 0.7)))


def test_a_head_that_does_not_follow_the_reference_is_an_error_although_its_sqnr_is_fine():
    assert head(5.0) == [("error", "variation_sqnr_db")]


def test_a_head_that_follows_the_reference_roughly_is_a_warning():
    assert head(15.0) == [("warning", "variation_sqnr_db")]


def test_a_head_that_follows_the_reference_has_no_finding():
    assert head(30.0) == []
