"""Lines and titled paragraphs for a terminal, which hold what strangers wrote."""

from textwrap import fill
from typing import Final

WIDTH: Final = 80


def one_line(text: str) -> str:
    """A name on one line: a line break in it could pass for a line of ours."""
    return "".join(char if char.isprintable() else "?" for char in text)


def printable(text: str) -> str:
    """The lines of a text, without what could steer a terminal: names come from strangers."""
    return "\n".join(map(one_line, text.split("\n")))


def titled(title: str, text: str) -> str:
    """A paragraph of at most 80 columns, where no word is longer, beside its title."""
    start = f"{title:<10}"
    return fill(
        flat(text),
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )


def flat(text: str) -> str:
    """One line: names come from strangers."""
    return " ".join(printable(text).splitlines())
