"""From the bytes of a spec to its text, or to the one problem that prevents it."""

import re

from edgecheck.errors import SpecProblem

MAX_BYTES = 1 << 20
"""Far more than any spec written by people; keeps a mistaken path from being parsed for minutes."""

_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "UTF-8 with a byte order mark",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}

# What YAML 1.2 calls printable, without the characters that only YAML 1.1 takes for line breaks
# (U+0085, U+2028, U+2029): editors do not show those as lines, so keys could hide behind them.
_NOT_TEXT = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


class Refused(Exception):
    """Nothing below this problem can be read."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.problem = SpecProblem(line, column, "", message)


def decode(data: bytes) -> str:
    """The text of a spec.

    Raises:
        Refused: too large, not UTF-8, a byte order mark, or a control character.
    """
    if len(data) > MAX_BYTES:
        raise Refused(1, 1, f"the file is larger than {MAX_BYTES} bytes; a spec is a short text")
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            raise Refused(1, 1, f"found {encoding}; save the file as UTF-8 without a mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        byte = data[error.start]
        message = f"found byte 0x{byte:02X}, which is not UTF-8; save the file as UTF-8"
        raise Refused(*_end_of(before), message) from None
    if control := not_text(text):
        raise Refused(*_end_of(text[: control.start()]), describe(control[0]))
    return text


def not_text(text: str) -> re.Match[str] | None:
    """The first character that has no place in a text."""
    return _NOT_TEXT.search(text)


def describe(character: str) -> str:
    """What to say about a character that has no place in a text."""
    return f"found the character U+{ord(character):04X}, which is not allowed in a spec; remove it"


def _end_of(text: str) -> tuple[int, int]:
    """Line and column, from 1, of the character after `text`."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return len(lines), len(lines[-1]) + 1
