"""YAML with comments: values that load back as they were, whatever is in them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import TypeAlias

from edgecheck.spec.scalars import TEXT, tag_of
from edgecheck.tflite.names import printable

Value: TypeAlias = "str | int | float | bool | Sequence[Value] | Mapping[str, Value]"
"""What can be written; numbers are finite."""

WIDTH = 100
_LONGEST_KEY = 1000
"""YAML's limit for `key: value` on one line is 1024 characters; longer keys are written `? key`."""
_LONGEST_COMMENT = 600
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_OPERATOR = re.compile(r"(?<=\S) ([-+*/]) (?=\S)")
_BOND = "\0"
"""Stands for a space that no line ends at; `printable` leaves none in a comment."""
_YAML_1_1 = frozenset({"y", "n", "yes", "no", "on", "off"})
"""Words that older readers take for booleans."""


def flow(value: Value) -> str:
    """A value on one line: `[1, 2]`, `{color: RGB}`, `"no"`."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{text(key)}: {flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(flow, value))}]"
    return _number(value)


def text(value: str) -> str:
    """A text, in quotes unless no reader could take it for anything else.

    Characters that have no place in a spec become their escapes, as `printable` writes them.
    """
    shown = printable(value)
    is_plain = _PLAIN.fullmatch(shown) and tag_of(shown) == TEXT and len(shown) <= WIDTH
    if is_plain and shown.lower() not in _YAML_1_1:
        return shown
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def key(name: str, indent: int) -> str:
    """The line that opens a mapping under `name`."""
    shown = text(name)
    pad = " " * indent
    return f"{pad}{shown}:" if len(shown) <= _LONGEST_KEY else f"{pad}? {shown}\n{pad}:"


def commented(line: str, comment: str, *, is_example: bool = False) -> Iterator[str]:
    """A line with its comment: beside it where both fit, else above it.

    Args:
        line: indented; of one line, unless it opens a mapping.
        comment: any text; empty for none.
        is_example: the line itself becomes a comment too, below what it is about.
    """
    content = line.lstrip(" ")
    indent = len(line) - len(content)
    said = " ".join(printable(comment).split())[:_LONGEST_COMMENT]
    beside = f"{line}  # {said}"
    if said and not is_example and "\n" not in line and len(beside) <= WIDTH:
        yield beside
        return
    yield from comments(said, indent)
    yield f"{' ' * indent}# {content}" if is_example else line


def comments(said: str, indent: int = 0) -> Iterator[str]:
    """Comment lines of a text of one line, folded, but never inside `pixels / 127.5 - 1`."""
    pad = " " * indent
    whole = _OPERATOR.sub(rf"{_BOND}\1{_BOND}", said)
    for part in wrap(whole, WIDTH - indent - 2, break_on_hyphens=False):
        yield f"{pad}# {part.replace(_BOND, ' ')}"


def _number(value: float) -> str:
    """A number that YAML 1.1 and 1.2 read alike; `-1` for -1.0."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    shown = repr(value)
    return shown if "." in shown else shown.replace("e", ".0e")
