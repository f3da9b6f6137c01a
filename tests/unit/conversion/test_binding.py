"""Inputs of the source and of the spec: which is which, and how large."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.conversion.binding import bind, fixed_shape
from edgecheck.conversion.unconvertible import Unconvertible


def test_a_single_input_may_have_any_name():
    assert bind(["image"], ["input_layer_3"]) == {"input_layer_3": "image"}


def test_several_inputs_are_bound_by_name_in_any_order():
    assert bind(["b", "a"], ["a", "b"]) == {"a": "a", "b": "b"}


def test_stated_names_are_those_of_the_source():
    assert bind(["b", "a"], ["a", "x"], {"a": "x", "b": "a"}) == {"x": "a", "a": "b"}
    with pytest.raises(Unconvertible, match="'x', 'y', the spec describes 'x', 'x'"):
        bind(["a", "x"], ["x", "y"], {"a": "x"})


def test_other_names_are_refused_with_both_sides():
    with pytest.raises(Unconvertible, match="'x', 'y', the spec describes 'x', 'z'"):
        bind(["x", "z"], ["x", "y"])


@pytest.mark.parametrize(
    ("sizes", "sample", "wanted"),
    [
        ((None, 8, 8, 1), (8, 8, 1), (1, 8, 8, 1)),
        ((None, None, None, 3), (24, 16, 3), (1, 24, 16, 3)),
        ((1, 8), None, (1, 8)),
        ((None, 8), None, (1, 8)),
        ((8, 3), (8, 3), (8, 3)),
        (None, (4, 4), (1, 4, 4)),
    ],
)
def test_what_is_open_is_fixed_by_the_spec_and_the_batch_to_1(sizes, sample, wanted):
    assert fixed_shape("x", sizes, sample) == wanted


def test_what_stays_open_is_refused():
    with pytest.raises(Unconvertible, match=r"open shape \[\?, \?, 3\]") as found:
        fixed_shape("x", (None, None, 3), None)
    assert "inputs.x.shape" in found.value.hint


@pytest.mark.parametrize(
    ("sizes", "sample"), [((None, 28, 28, 1), (16, 16, 1)), ((32, 8), (8,)), ((32, 8), None)]
)
def test_what_does_not_fit_is_refused(sizes, sample):
    with pytest.raises(Unconvertible, match="of the source has the shape"):
        fixed_shape("x", sizes, sample)


@pytest.mark.parametrize("sizes", [(None, 28, 28, 1), (1, 28, 28, 1), (32, 28, 28, 1)])
def test_another_shape_than_the_models_is_corrected_in_the_spec(sizes):
    with pytest.raises(Unconvertible) as found:
        fixed_shape("x", sizes, (16, 16, 1))
    assert "is [28, 28, 1] for a sample; the spec says [16, 16, 1]" in found.value.reason
    assert "steps of the spec give [28, 28, 1]" in found.value.hint
    assert "batch" not in found.value.hint


@pytest.mark.parametrize("sample", [(8,), None])
def test_a_fixed_batch_is_opened_in_the_model(sample):
    with pytest.raises(Unconvertible, match="takes 32 samples at a time") as found:
        fixed_shape("x", (32, 8), sample)
    assert "batch of 1" in found.value.hint


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.data())
def test_a_fixed_shape_always_fits_the_source(sample, data):
    sizes = [None, *(data.draw(st.sampled_from([size, None])) for size in sample)]
    found = fixed_shape("x", sizes, sample)
    assert all(size in (None, fixed) for size, fixed in zip(sizes, found, strict=True))
    assert found[0] == 1
