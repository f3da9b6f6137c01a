import math

import pytest
from evidence import SAMPLES, compared, evidence, passed_over, seen_input, seen_labels, spec

from edgecheck.checks import inputs
from edgecheck.checks.evidence import NotApplicable


def found(check, *entries, **changes):
    seen = passed_over(
        inputs=entries or (seen_input(),), samples=(entries or (seen_input(),))[0].samples
    )
    return [(f.rule, f.severity) for f in check(evidence(**{"comparison": seen, **changes}))]


@pytest.mark.parametrize("check", [inputs.check_finite, inputs.check_range, inputs.check_variation])
@pytest.mark.parametrize("comparison", [None, passed_over(samples=0)])
def test_without_samples_it_is_skipped(check, comparison):
    with pytest.raises(NotApplicable, match=r"no sample|empty"):
        found(check, comparison=comparison)


@pytest.mark.parametrize("check", [inputs.check_finite, inputs.check_range, inputs.check_variation])
def test_healthy_data_have_no_finding(check):
    assert found(check) == []


def test_nonfinite_values_are_a_finding():
    entry = seen_input(nonfinite=3, nonfinite_samples=("a", "b"), nonfinite_sample_count=2)
    assert found(inputs.check_finite, entry) == [("inputs-nonfinite", "error")]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-1.0, 1.0, None),
        (-0.9, 0.8, None),
        (-1.01, 1.01, None),
        (-1.0, 1.1, "warning"),
        (-1.0, 1.5, "error"),
        (0.0, 1.0, "warning"),  # [0, 1] where [-1, 1] was promised
        (-3.0, -2.0, "error"),
    ],
)
def test_data_are_held_to_the_promised_range(low, high, expected):
    entry = seen_input(low=low, high=high)
    wanted = [("input-range-mismatch", expected)] if expected else []
    assert found(inputs.check_range, entry) == wanted


def test_raw_pixels_have_a_rule_of_their_own():
    assert found(inputs.check_range, seen_input(low=0.0, high=255.0)) == [
        ("input-not-normalized", "error")
    ]


def test_a_range_around_0_and_255_is_no_raw_pixel_problem():
    promised = spec({"image": {"range": (0.0, 255.0)}})
    assert found(inputs.check_range, seen_input(low=0.0, high=254.0), spec=promised) == []


def test_data_without_a_finite_value_have_no_range():
    entry = seen_input(elements=0, low=math.nan, high=math.nan)
    assert found(inputs.check_range, entry) == []


def test_one_sample_over_and_over_is_a_finding():
    entry = seen_input(distinct=1, duplicate=("a", "b"), constant_features=(0, 1))
    assert found(inputs.check_variation, entry) == [("input-constant", "error")]


def test_one_sample_cannot_vary():
    with pytest.raises(NotApplicable, match="one sample"):
        found(inputs.check_variation, seen_input(samples=1, distinct=1))


def test_constant_features_are_a_finding():
    entry = seen_input(constant_features=(0, 7))
    assert found(inputs.check_variation, entry) == [("features-constant", "warning")]
    assert found(inputs.check_variation, seen_input(constant_features=())) == []


def test_a_handful_of_samples_says_nothing_about_features():
    entry = seen_input(samples=3, distinct=3, constant_features=(0, 7))
    assert found(inputs.check_variation, entry) == []


@pytest.mark.parametrize(
    ("distinct", "expected"), [(SAMPLES - 1, "info"), (SAMPLES - 40, "warning"), (SAMPLES, None)]
)
def test_repeated_samples_are_noted_by_their_share(distinct, expected):
    entry = seen_input(distinct=distinct, duplicate=("a", "b") if expected else None)
    wanted = [("dataset-duplicates", expected)] if expected else []
    assert found(inputs.check_variation, entry) == wanted


@pytest.mark.parametrize("pair", [None, ("c", "d")])
def test_samples_that_differ_in_one_input_are_no_duplicates(pair):
    first = seen_input(distinct=150, duplicate=("a", "b"))
    second = seen_input(name="second", distinct=150, duplicate=pair)
    assert found(inputs.check_variation, first, second) == []
    both = seen_input(name="second", distinct=150, duplicate=("a", "b"))
    assert found(inputs.check_variation, first, both) == [("dataset-duplicates", "warning")]


def by_steps(promised, *steps, low=None, high=None, check=inputs.check_steps):
    section = {"kind": "image", "range": promised, "steps": ("decode", *steps)}
    seen = None if low is None else passed_over(inputs=(seen_input(low=low, high=high),))
    case = evidence(spec=spec({"image": section}), comparison=seen)
    return [(f.rule, f.severity) for f in check(case)]


TO_UNIT = {"rescale": {"scale": 1 / 255}}


@pytest.mark.parametrize(
    ("promised", "steps", "expected"),
    [
        ((0.0, 255.0), (), None),
        ((0.0, 1.0), (TO_UNIT,), None),
        ((-2.2, 2.7), ({"preset": "keras/densenet"},), None),
        ((-3.0, 3.0), ({"preset": "keras/densenet"},), None),  # a generous promise
        ((-1.0, 1.0), ("standardize",), None),  # not known without data
        ((-1.0, 1.0), (TO_UNIT,), "error"),
        ((0.0, 1.0), ({"preset": "keras/mobilenet_v2"},), "error"),
        ((0.0, 0.95), (TO_UNIT,), "warning"),
    ],
)
def test_steps_are_held_to_the_promise_without_any_data(promised, steps, expected):
    wanted = [("input-range-mismatch", expected)] if expected else []
    assert by_steps(promised, *steps) == wanted


def test_raw_pixels_are_named_without_any_data():
    assert by_steps((-1.0, 1.0)) == [("input-not-normalized", "error")]


def test_data_take_the_place_of_the_steps():
    assert by_steps((-1.0, 1.0), TO_UNIT, low=0, high=1) == []
    ranges = by_steps((-1.0, 1.0), TO_UNIT, low=0, high=1, check=inputs.check_range)
    assert ranges == [("input-range-mismatch", "error")]  # no data could fill the promise


def test_a_reference_that_works_excuses_an_unused_part_of_the_promise():
    section = {"kind": "image", "range": (-1.0, 1.0), "steps": ("decode", TO_UNIT)}
    output = compared(labels=seen_labels())
    case = evidence(
        spec=spec({"image": section}),
        comparison=passed_over(output, inputs=(seen_input(low=0, high=1),)),
    )
    assert [f.severity for f in inputs.check_range(case)] == ["warning"]
