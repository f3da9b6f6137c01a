"""Facts in words: honest numbers, and nothing hostile gets through."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.rules.wording import (
    and_more,
    clause,
    count,
    listed,
    model,
    number,
    only,
    percent,
    plain,
    points,
    shape,
    span,
)


@pytest.mark.parametrize(
    ("total", "shown", "words"),
    [(0, 4, ""), (4, 4, ""), (5, 4, " and 1 more"), (9, 4, " and 5 more")],
)
def test_what_is_left_out_of_a_list_is_counted(total, shown, words):
    assert and_more(total, shown) == words
    assert and_more(total, shown, "; ") == words.replace(" and", "; and")


@given(st.text(), st.integers(min_value=10, max_value=200))
def test_plain_text_is_one_short_printable_line(text, limit):
    shown = plain(text, limit)
    assert shown.isprintable()
    assert 0 < len(shown) <= limit


@given(st.text(alphabet=st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1))
def test_short_harmless_text_is_unchanged(text):
    assert plain(text, limit=len(text) + 3) == text


def test_control_characters_and_line_breaks_become_spaces():
    assert plain("a\x1b[31m\nb\u202ec\ud800") == "a [31m b c"


def test_long_text_is_cut_and_says_so():
    assert plain("x" * 61) == "x" * 57 + "..."
    assert plain("\0" * 1000) == "..."


@pytest.mark.parametrize("text", ["", " \n", "\x00"])
def test_text_without_content_is_called_empty(text):
    assert plain(text) == "(empty)"


def test_clause_drops_its_full_stop_but_not_the_mark_of_a_cut():
    assert clause("no such operator. ") == "no such operator"
    assert clause("x" * 300).endswith("x...")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (-1.0, "-1"),
        (255.0, "255"),
        (7.84e-9, "7.84e-09"),
        (127.54321, "127.5"),
        (999_999, "999999"),
        (12345678, "1.235e+07"),
        (math.inf, "+infinity"),
        (-math.inf, "-infinity"),
        (math.nan, "not a number"),
    ],
)
def test_numbers_have_four_significant_digits(value, shown):
    assert number(value) == shown


@given(st.floats(min_value=-1e300, max_value=1e300))
def test_shown_number_is_the_number_to_four_digits(value):
    assert float(number(value)) == pytest.approx(value, rel=6e-4, abs=0)


@given(st.floats(min_value=0, max_value=1))
def test_percentage_is_all_or_nothing_only_if_the_share_is(share):
    assert (percent(share) == "100%") == (share == 1)
    assert (percent(share) == "0%") == (share == 0)


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.97, "97%"), (0.0125, "1.25%"), (0.99951, "more than 99.9%"), (1e-5, "less than 0.1%")],
)
def test_percentages_have_three_digits(share, shown):
    assert percent(share) == shown


def test_percentage_of_an_undefined_share_is_not_a_number():
    assert percent(math.nan) == "not a number"


def test_differences_of_shares_are_points():
    assert points(0.035) == "3.5 points"


def test_amounts_agree_with_their_noun():
    assert [count(n, "sample") for n in (0, 1, 2)] == ["0 samples", "1 sample", "2 samples"]


def test_ranges_and_shapes():
    assert span([-1, 0.5]) == "-1 to 0.5"
    assert shape([1, 96, 96, 3]) == "[1, 96, 96, 3]"
    assert shape([]) == "[]"
    assert shape([2] * 1000) == "[2, 2, 2, 2, 2, 2, 2, 2, ...]"


def test_lists_of_names_are_quoted_and_cut():
    assert listed([]) == "none"
    assert listed(["a", "b\n"]) == '"a", "b"'
    assert listed(["a"] * 10_000).endswith('"a" and 9994 more')


def test_models_are_called_by_words_a_reader_knows():
    assert model("candidate") == "the .tflite model"
    assert model("reference") == "the reference model"


@pytest.mark.parametrize(
    ("share", "words"), [(0.5, "only 50%"), (0.9999, "more than 99.9%"), (1e-5, "less than 0.1%")]
)
def test_only_goes_with_no_bound(share, words):
    assert only(share) == words
