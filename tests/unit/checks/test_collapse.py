import math
from dataclasses import replace

import numpy as np
import pytest
from evidence import (
    CLASSES,
    LSB,
    SAMPLES,
    alone,
    compared,
    evidence,
    moved,
    passed_over,
    seen_input,
    seen_labels,
    seen_output,
    seen_pair,
    spec,
)  # fmt: skip

from edgecheck.checks import collapse
from edgecheck.checks.evidence import NotApplicable
from edgecheck.compare.statistics import Measure

EVERY = [
    collapse.check_finite, collapse.check_zero, collapse.check_constant, collapse.check_classes,
    collapse.check_distinct, collapse.check_sensitivity,
]  # fmt: skip
NEED_VARIETY = EVERY[1:5]
NAN = seen_output(
    nonfinite=SAMPLES * CLASSES, nonfinite_samples=SAMPLES, distinct=1, spread=math.nan,
    largest=0.0, class_counts=np.zeros(CLASSES, np.int64),
)  # fmt: skip


def found(check, *outputs, **changes):
    case = evidence(**{"comparison": passed_over(*outputs), **changes})
    return [(f.rule, f.severity, f.subject.kind) for f in check(case)]


def counts(top, rest_of=SAMPLES):
    """Class counts where class 0 is on top `top` times."""
    rest = np.full(CLASSES - 1, (rest_of - top) // (CLASSES - 1))
    rest[0] += rest_of - top - int(rest.sum())
    return np.concatenate([[top], rest])


@pytest.mark.parametrize("check", EVERY)
@pytest.mark.parametrize(
    "output",
    [
        compared(),
        compared(labels=seen_labels()),
        compared(candidate=seen_output(distinct=96), reference=seen_output(distinct=200)),  # 48 %
        compared(scale=None),
        alone(),
        compared(  # one class on 99 % of one-sided data, in both
            candidate=seen_output(class_counts=counts(198)),
            reference=seen_output(class_counts=counts(196)),
        ),
    ],
)
def test_healthy_outputs_have_no_finding(check, output):
    if output.pair is None and check is collapse.check_distinct:
        output = compared()
    assert found(check, output, sensitivities=(moved(),)) == []


def test_nonfinite_values_are_a_finding_on_whoever_gives_them():
    one = seen_output(nonfinite=1, nonfinite_samples=1)
    assert found(collapse.check_finite, compared(candidate=one)) == [
        ("nonfinite-output", "error", "output")
    ]
    assert found(collapse.check_finite, compared(reference=one)) == [
        ("nonfinite-output", "error", "reference")
    ]


def test_all_nan_output_is_a_finding():
    assert found(collapse.check_finite, alone(candidate=NAN)) == [
        ("nonfinite-output", "error", "output")
    ]


@pytest.mark.parametrize("check", NEED_VARIETY)
def test_all_nan_output_is_not_also_called_collapsed(check):
    with pytest.raises(NotApplicable, match="no finite value"):
        found(check, compared(candidate=NAN))


@pytest.mark.parametrize("scale", [LSB, None])
@pytest.mark.parametrize("zeros", [SAMPLES, SAMPLES - 2])
def test_zero_on_nearly_every_sample_is_a_finding(scale, zeros):
    dead = seen_output(zero_samples=zeros)
    expected = [("zero-output", "error", "output")]
    assert found(collapse.check_zero, compared(scale=scale, candidate=dead)) == expected
    assert found(collapse.check_zero, alone(scale=scale, candidate=dead)) == expected


def test_zero_on_fewer_samples_is_none():
    assert found(collapse.check_zero, alone(candidate=seen_output(zero_samples=190))) == []


@pytest.mark.parametrize(
    ("check", "rule", "sick"),
    [
        (collapse.check_zero, "zero-output", seen_output(zero_samples=SAMPLES)),
        (collapse.check_constant, "constant-output", seen_output(spread=0.0)),
    ],
)
def test_a_reference_that_collapses_too_is_the_one_blamed(check, rule, sick):
    both = compared(candidate=sick, reference=sick)
    assert found(check, both) == [(rule, "error", "reference")]
    assert found(check, compared(reference=sick)) == []


@pytest.mark.parametrize("spread", [0.0, LSB, LSB * (1 + 2e-5)])
def test_an_integer_output_within_one_lsb_is_constant(spread):
    output = compared(candidate=seen_output(spread=spread))
    assert found(collapse.check_constant, output) == [("constant-output", "error", "output")]


def test_two_lsb_are_movement():
    assert found(collapse.check_constant, alone(candidate=seen_output(spread=2 * LSB))) == []


@pytest.mark.parametrize(("spread", "is_constant"), [(0.0, True), (1e-7, True), (1e-5, False)])
def test_a_float_output_is_constant_relative_to_its_size(spread, is_constant):
    output = alone(scale=None, candidate=seen_output(spread=spread, largest=1.0))
    assert bool(found(collapse.check_constant, output)) is is_constant


@pytest.mark.parametrize("labels", [None, seen_labels(), seen_labels(class_counts={0: 60, 1: 140})])
def test_one_class_where_reference_and_labels_have_many_is_a_collapse(labels):
    output = compared(candidate=seen_output(class_counts=counts(SAMPLES)), labels=labels)
    collapse_found = [("class-collapse", "error", "output")]
    one_sided = labels is not None and max(labels.class_counts.values()) > 100
    if one_sided:  # 100 % against 70 %, and 30 points are allowed
        output = replace(output, candidate=seen_output(class_counts=counts(199)))
    assert found(collapse.check_classes, output) == ([] if one_sided else collapse_found)


@pytest.mark.parametrize(("regret", "expected"), [(0.001, 0), (0.89, 1)])
def test_the_first_of_equally_likely_classes_is_no_collapse(regret, expected):
    pair = seen_pair(agreement=0.1, regret_share=Measure(regret))
    output = compared(candidate=seen_output(class_counts=counts(SAMPLES)), pair=pair)
    assert len(found(collapse.check_classes, output)) == expected


def test_labels_alone_can_show_a_class_collapse():
    output = alone(candidate=seen_output(class_counts=counts(150)), labels=seen_labels())
    assert found(collapse.check_classes, output) == [("class-collapse", "error", "output")]


def test_one_class_without_anything_to_hold_it_against_is_a_warning():
    output = alone(candidate=seen_output(class_counts=counts(SAMPLES)))
    assert found(collapse.check_classes, output) == [("class-collapse", "warning", "output")]
    assert (
        found(collapse.check_classes, alone(candidate=seen_output(class_counts=counts(199)))) == []
    )


def test_single_class_data_is_no_collapse():
    only = seen_output(class_counts=counts(SAMPLES))
    labels = seen_labels(class_counts={0: SAMPLES})
    assert found(collapse.check_classes, compared(candidate=only, reference=only)) == []
    assert found(collapse.check_classes, alone(candidate=only, labels=labels)) == []


def test_imbalanced_data_is_no_collapse():
    output = compared(
        candidate=seen_output(class_counts=counts(180)),
        reference=seen_output(class_counts=counts(170)),
        labels=seen_labels(class_counts={0: 165, 1: 35}),
    )
    assert found(collapse.check_classes, output) == []


def test_a_reference_that_names_one_class_against_the_labels_is_blamed():
    only = seen_output(class_counts=counts(SAMPLES))
    output = compared(candidate=only, reference=only, labels=seen_labels())
    assert found(collapse.check_classes, output) == [("class-collapse", "error", "reference")]


def test_an_output_without_classes_is_skipped():
    output = compared(candidate=seen_output(class_counts=None))
    with pytest.raises(NotApplicable, match="name no class"):
        found(collapse.check_classes, output)


@pytest.mark.parametrize("distinct", [1, 3])
def test_a_handful_of_rows_for_many_is_a_collapse(distinct):
    output = compared(candidate=seen_output(distinct=distinct))
    assert found(collapse.check_distinct, output) == [("quant-output-collapse", "error", "output")]


@pytest.mark.parametrize("elements", [1, 2])
def test_few_codes_can_only_give_few_rows(elements):
    # A sigmoid, or a softmax of two classes: 256 different rows at most, however many samples.
    many = 100_000
    sides = [
        seen_output(samples=many, values=many * elements, distinct=distinct)
        for distinct in (230, many)
    ]
    assert found(collapse.check_distinct, compared(candidate=sides[0], reference=sides[1])) == []


def test_an_input_that_moves_nothing_is_a_finding():
    still = (moved(0.0), moved(LSB))
    assert (
        found(collapse.check_sensitivity, sensitivities=still, reference_sensitivities=(moved(),))
        == [("input-insensitive", "error", "input")] * 2
    )


def test_without_a_reference_an_input_that_moves_nothing_is_only_a_warning():
    assert found(collapse.check_sensitivity, alone(), sensitivities=(moved(0.0),)) == [
        ("input-insensitive", "warning", "input")
    ]


def test_an_input_that_moves_nothing_in_the_reference_either_is_none():
    still = (moved(0.0),)
    assert (
        found(collapse.check_sensitivity, sensitivities=still, reference_sensitivities=still) == []
    )
    assert found(
        collapse.check_sensitivity, sensitivities=still, reference_sensitivities=(moved(),)
    ) == [("input-insensitive", "error", "input")]


@pytest.mark.parametrize("spread", [2 * LSB, 0.5, math.nan])
def test_movement_or_nothing_finite_is_no_insensitivity(spread):
    assert found(collapse.check_sensitivity, sensitivities=(moved(spread),)) == []


def test_a_float_output_moves_by_any_amount():
    assert found(collapse.check_sensitivity, alone(scale=None), sensitivities=(moved(1e-9),)) == []


def test_one_moving_output_is_enough():
    outputs = compared(), compared(name="second")
    entry = replace(moved(), spread={"output": 0.0, "second": 0.4})
    assert found(collapse.check_sensitivity, *outputs, sensitivities=(entry,)) == []


def test_one_sample_cannot_be_varied():
    with pytest.raises(NotApplicable, match="one sample"):
        found(collapse.check_sensitivity, comparison=passed_over(samples=1))


@pytest.mark.parametrize("check", EVERY)
@pytest.mark.parametrize(
    "comparison", [None, passed_over(samples=0), passed_over(outputs=())], ids=["none", "0", "out"]
)
def test_without_outputs_it_is_skipped(check, comparison):
    with pytest.raises(NotApplicable):
        found(check, comparison=comparison)


@pytest.mark.parametrize("check", NEED_VARIETY)
@pytest.mark.parametrize("distinct", [1, 19])
def test_a_handful_of_different_samples_is_not_judged(check, distinct):
    few = passed_over(compared(), inputs=(seen_input(distinct=distinct),))
    with pytest.raises(NotApplicable, match="collapse needs 20"):
        found(check, comparison=few)


def test_without_reference_distinct_rows_are_not_judged():
    with pytest.raises(NotApplicable, match="nothing to compare with"):
        found(collapse.check_distinct, alone(), spec=spec())
