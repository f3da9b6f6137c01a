import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgecheck.errors import SpecError
from edgecheck.spec.document import read_document
from edgecheck.spec.source import MAX_BYTES

ANY_BYTES = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _loads_or_is_refused(load, content):
    try:
        outcome = load(content)
    except SpecError as error:
        outcome = error.problems
        str(error).encode()  # can be printed
    assert outcome


@ANY_BYTES
@given(content=st.binary(max_size=300))
def test_any_bytes_load_or_are_refused(load, content):
    _loads_or_is_refused(load, content)


@ANY_BYTES
@given(
    content=st.text(
        st.sampled_from("ab1.:-[]{}\"'\\&*!|>%@`?,# \t\n\r~<=xuU0\x85\ufeff"), max_size=60
    )
)
def test_any_yaml_punctuation_loads_or_is_refused(load, content):
    _loads_or_is_refused(load, content)


@ANY_BYTES
@given(data=st.data())
def test_a_damaged_spec_loads_or_is_refused(load, full, data):
    content = bytearray(full.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(start + 20, len(content))))
        content[start:end] = data.draw(
            st.binary(max_size=5) | st.sampled_from([b": ", b"\n  ", b"- ", b"&a ", b"*a"])
        )
    _loads_or_is_refused(load, bytes(content))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "1:1: found nothing"),
        (b"# only a comment\n", "1:1: found nothing"),
        (b"- a\n", "1:1: found a list or a single value"),
        (b"\xef\xbb\xbfversion: 1\n", "1:1: found UTF-8 with a byte order mark; save"),
        ("version: 1".encode("utf-16"), "1:1: found UTF-16; save"),
        (b"a: b\nc: d\xe9\n", "2:5: found byte 0xE9, which is not UTF-8"),
        ("a: \u00fc\u00fc".encode() + b"\xff", "1:6: found byte 0xFF, which is not UTF-8"),
        (b"a: 1\r\nb: \0\n", "2:4: found the character U+0000"),
        ("a: 1 # \u2028b: 2\n".encode(), "1:8: found the character U+2028"),
        (b'a: "x\\0y"\n', "1:4: found the character U+0000"),
        (b'a: "\\uD800"\n', "1:4: found the character U+D800"),
        (b'"\\e[31m": 1\n', "1:1: found the character U+001B"),
        (b'a: "\\UFFFFFFFF"\n', "1:7: not valid YAML: a number in an escape"),
        (b"a:\n\tb: 1\n", "2:1: a tab is not allowed here; indent with spaces"),
        (b"a: 1\n---\nb: 2\n", "2:1: found a second document"),
        (b"a: [1, 2\nb: 3\n", "2:2: expected ',' or ']', found ':' (in what begins on line 1)"),
        (b"a: [1, 2", "1:9: expected ',' or ']' before the end of the file"),
        (b'a: "b\n', "2:1: a quote is never closed (in what begins on line 1)"),
        (b"a: b: c\n", "1:5: a ':' is not expected here"),
        (b"a:\n  b: 2\n c: 3\n", "3:2: the indentation does not match the lines above"),
        (b"a: @x\n", "1:4: a value cannot start with '@'; put it in quotes"),
        (b"a: }\n", "1:4: expected a value, found '}'"),
        (b"a: - b\n", "1:4: a '-' item is not expected here"),
        (b"a: 1\nb\nc: 2\n", "3:1: expected ':' after this key (in what begins on line 2)"),
        (b"%YAML 9.9\n---\na: 1\n", "1:1: not valid YAML: found incompatible YAML document"),
        (b"a: *x\n", "1:4: aliases are not allowed"),
        (b"a: &x 1\n", "1:4: anchors (&) are not allowed"),
        (b"a: !!python/object/apply:os.system [id]\n", "1:4: tags (!) are not allowed"),
        (b"a: !x 1\n", "1:4: tags (!) are not allowed"),
        (b"&x a: 1\n", "1:1: anchors (&) are not allowed"),
        (b"1: a\n", "1:1: found '1' as a key, expected text; put it in quotes"),
        (b"null: a\n", "1:1: found 'null' as a key"),
        (b"? [a]\n: 1\n", "1:3: found a list or mapping as a key"),
    ],
)
def test_yaml_problem_is_explained_at_its_place(content, problem):
    (found,) = read_document(content).problems
    assert f"{found.line}:{found.column}: {found.message}".startswith(problem)


def test_billion_laughs_is_refused_without_expansion():
    lines = ["a: &a [x, x, x]"]
    lines += [f"{c}: &{c} [{', '.join(['*' + chr(ord(c) - 1)] * 9)}]" for c in "bcdefghij"]
    document = read_document("\n".join(lines).encode())
    assert document.value["j"] == (None,) * 9
    assert len(document.problems) == 10 + 9 * 9


MEGABYTE = MAX_BYTES - 8


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: " + b"[" * 10000, "nested deeper than 32"),
        (b"[" * MEGABYTE, "nested deeper than 32"),
        (b"- " * 10000, "nested deeper than 32"),
        (b"? " * 10000, "nested deeper than 32"),
        (b"a: [" + b"1," * 500000 + b"]", "more than 50000 keys and values"),
        (b"a: " + b"9" * 400, "whole number of 400 digits"),
        (b"a: " + b"9" * MEGABYTE, "digits, expected at most 64 bits"),
        (b"a: 1." + b"9" * (MEGABYTE - 2), "expected a number that fits"),
        (b"k" * MEGABYTE + b": 1", "a ':' is not expected here"),
        (b"%YAML 1." + b"9" * 100000 + b"\n---\na: 1", "not valid YAML"),
        (b"a" * (MAX_BYTES + 1), "larger than 1048576 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_large_input_is_refused_quickly(content, words):
    start = time.perf_counter()
    (problem,) = read_document(content).problems
    assert words in problem.message
    assert time.perf_counter() - start < 10


def test_depth_and_size_up_to_the_limit_are_read():
    assert not read_document(b"a: " + b"[" * 30 + b"]" * 30).problems
    assert not read_document(b"a: [" + b"1," * 49990 + b"]").problems


def test_twenty_thousand_unknown_keys_are_all_reported(problems):
    found = problems("".join(f"key{number}: 1\n" for number in range(20000)))
    assert len(found) == 20000 + 3  # and three missing keys


@pytest.mark.parametrize("length", [1000, 100000])
def test_long_unknown_key_is_reported(problems, length):
    found = problems(f"? {'version' * (length // 7)}\n: 1\n")
    assert any("unknown key" in line for line in found)
    assert all(len(line) < 400 for line in found)
