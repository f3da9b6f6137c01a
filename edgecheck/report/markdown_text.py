"""Foreign text in Markdown: shown as it is, without doing anything.

In GitHub's dialect names could be links, HTML, tables or formulas, or call persons (`@name`) and
issues (`#1`), which a backslash does not stop: an empty comment between the two characters does.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from edgecheck.report.order import cut
from edgecheck.report.text_lines import flat

_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|~&@#$]|:(?=\S)|(?<=www)\.)", re.IGNORECASE)
"""Anywhere in a line; colons and `www.` could begin a link."""
_BEGINNING: Final = re.compile(r"^([0-9]+(?=[.)](?:\s|$))|(?=[-+=]))([-+=.)])")
"""At the start of a line, of a list or a heading."""
_CALLING: Final = re.compile(r"(\\[@#]|\bGH-)(?=\w|\\_)", re.IGNORECASE)
APART: Final = "<!-- -->"
_QUOTED: Final = re.compile(r"((?<!\$)`[^`]*`(?!\$))")
"""Between dollars it would be a formula."""
_CODE: Final = re.compile(r"`[\w .,=-]+`", re.ASCII)
"""Commands and keys of the spec."""
_LONGEST: Final = 600


def escaped(text: str, limit: int = _LONGEST) -> str:
    """One line of text that Markdown shows as it is, cut after `limit` characters.

    Plain words between two backticks, as our commands are, are code.
    """
    line = cut(flat(text).strip(), limit)
    parts = [line] if "``" in line else _QUOTED.split(line)
    shown = [part if _CODE.fullmatch(part) else _inert(part) for part in parts]
    return _BEGINNING.sub(r"\1\\\2", "".join(shown))


def _inert(text: str) -> str:
    return _CALLING.sub(rf"\1{APART}", _SPECIAL.sub(r"\\\1", text))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown, the first column to the left, the others to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def folded(title: str, body: str) -> str:
    """A block that opens on demand; the empty lines make its body Markdown again."""
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"
