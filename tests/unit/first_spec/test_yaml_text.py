import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.first_spec.yaml_text import WIDTH, commented, comments, flow, key, text
from edgecheck.spec.document import read_document
from edgecheck.tflite.names import printable

HOSTILE = st.one_of(
    st.text(max_size=40),
    st.text(alphabet=":#-?[]{},&*!|>'\"%@`\\ \n\t\x00\x1b\u2028\ufeff\U0001f600ab", max_size=20),
    st.sampled_from(
        ["no", "Yes", "null", "~", "", " ", "1e3", "0x1F", ".nan", "- a", "a: b", "# c", "<<", "=",
         "*x", "&x", "!t", "---", "...", "true", "12:30:00", "2020-01-01", "y", "\u202e", "\ud800"]
    ),
)  # fmt: skip
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1)
VALUES = st.recursive(
    NUMBERS | st.booleans() | HOSTILE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(HOSTILE.filter(lambda name: len(name) < 60), inner, max_size=4)
    ),
    max_leaves=12,
)


def plain(value):
    """What a value is after it was written: texts printable, lists as tuples."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(name): plain(item) for name, item in value.items()}
    return tuple(map(plain, value)) if isinstance(value, list) else value


def has_one_name_each(value):
    """Whether no two keys become one when they are written."""
    if isinstance(value, dict):
        names = {printable(name) for name in value}
        return len(names) == len(value) and all(map(has_one_name_each, value.values()))
    return all(map(has_one_name_each, value)) if isinstance(value, list) else True


@given(VALUES.filter(has_one_name_each))
def test_any_value_loads_back_as_it_was(value):
    document = read_document(f"value: {flow(value)}\n".encode())
    assert document.problems == ()
    assert document.value == {"value": plain(value)}


@given(HOSTILE)
def test_other_yaml_readers_see_the_same_text(name):
    assert yaml.safe_load(f"value: {text(name)}") == {"value": printable(name)}


@given(NUMBERS)
def test_other_yaml_readers_see_the_same_number(number):
    assert yaml.safe_load(flow(number)) == number


@given(HOSTILE, HOSTILE, st.booleans())
def test_no_comment_changes_what_is_read(name, comment, is_example):
    lines = [key(name, 0), *commented("  seen: 1", comment), *commented("  too: 1", comment, is_example=is_example)]  # fmt: skip
    document = read_document("\n".join(lines).encode())
    assert document.problems == ()
    assert document.value == {printable(name): {"seen": 1} if is_example else {"seen": 1, "too": 1}}


def test_a_key_longer_than_yaml_allows_on_a_line_is_read():
    name = "n" * 5000
    document = read_document(f"{key(name, 0)}\n  a: 1\n".encode())
    assert (document.problems, document.value) == ((), {name: {"a": 1}})


@given(st.integers(0, WIDTH - 6))
def test_no_line_ends_inside_a_formula(before):
    said = f"{'x' * before} which is that of pixels / 127.5 - 1, and 2 * 3 + 4"
    lines = list(comments(said, 4))
    assert " ".join(line.strip().removeprefix("# ") for line in lines) == said
    assert sum("pixels / 127.5 - 1," in line for line in lines) == 1
    assert all(len(line) <= WIDTH for line in lines)


def test_lines_with_comments_fit_the_width():
    words = "words " * 60
    assert max(map(len, commented("    key: value", words))) <= WIDTH
    assert max(map(len, comments(words, 8))) <= WIDTH


@pytest.mark.parametrize(
    ("value", "expected"),
    [(-1.0, "-1"), (1e-7, "1.0e-07"), (0.5, "0.5"), (True, "true"), ("no", '"no"'), ("RGB", "RGB")],
)
def test_values_look_as_people_write_them(value, expected):
    assert flow(value) == expected


def test_ordinary_text_needs_no_quotes():
    assert [text(name) for name in ("labels.txt", "keras/vgg16")] == ["labels.txt", "keras/vgg16"]
    assert json.loads(text("serving_default_x:0")) == "serving_default_x:0"
