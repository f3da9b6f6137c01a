import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecheck.tflite.names import printable


@pytest.mark.parametrize("name", ["input", "model/dense 1;relu", "\u00fcber \u5165\u529b"])
def test_ordinary_names_come_back_as_they_are(name):
    assert printable(name) == printable(name.encode()) == name


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"a\x1b[2Jb", "a\\x1b[2Jb"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"line\nbreak\0", "line\\nbreak\\x00"),
        ("right\u202eleft".encode(), "right\\u202eleft"),
    ],
)
def test_what_could_act_on_a_terminal_is_escaped(raw, shown):
    assert printable(raw) == shown


@given(st.binary() | st.text())
def test_every_result_is_printable(raw):
    assert printable(raw).isprintable()
