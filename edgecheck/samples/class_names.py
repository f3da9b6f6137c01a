"""The model's labels, and class numbers from the text of a label."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.files import joined, read_text

SEPARATOR = "|"
"""Between several acceptable classes of one sample."""

_NUMBER = re.compile(r"(-1|[0-9]{1,9})(\.0{1,9})?")
"""Also `1.0`: what pandas writes for a column of whole numbers with gaps."""


def read_class_names(labels: str | Sequence[str] | None, base: Path) -> tuple[str, ...]:
    """The labels of the spec's model section, in the order of the outputs; empty if None.

    Args:
        labels: a file relative to `base` with one name a line, or the names themselves. Spaces
            around a name and blank lines at the end do not count.
        base: the folder of the spec.

    Raises:
        DatasetUnreadable: the file cannot be read.
    """
    if labels is None:
        return ()
    if not isinstance(labels, str):
        return tuple(labels)
    text = read_text(joined(base, labels)).rstrip()
    return tuple(line.strip() for line in text.split("\n"))


class ClassNames:
    """The model's labels, by which text becomes class numbers.

    A name wins over a number. Where names look like numbers but do not count from 0 ("1", "2",
    "3"), plain class numbers are not accepted: nobody could tell which of the two is meant.
    """

    def __init__(self, names: Sequence[str]) -> None:
        counts = Counter(names)
        self._count = len(names)
        self._numbers = {name: i for i, name in enumerate(names) if counts[name] == 1}
        self._takes_numbers = all(
            name == str(number) for name, number in self._numbers.items() if name.isdecimal()
        )

    def number(self, text: str, where: str) -> int:
        """The class that `text` means; `where` is for messages.

        Raises:
            DatasetUnreadable: neither a class name nor the number of a class.
        """
        if text in self._numbers:
            return self._numbers[text]
        match = _NUMBER.fullmatch(text) if self._takes_numbers else None
        if match:
            number = int(match[1])
            if number < self._count or not self._count:
                return number
        raise DatasetUnreadable(f"{where}: {text!r} is not a class", hint=self._hint())

    def numbers(self, text: str, where: str) -> tuple[int, ...]:
        """The acceptable classes that `a|b` means; none for empty text.

        Raises:
            DatasetUnreadable: one of them is no class.
        """
        parts = text.split(SEPARATOR) if text.strip() else []
        return tuple(self.number(part.strip(), where) for part in parts)

    def _hint(self) -> str:
        if not self._count:
            return "Use class numbers from 0, or list the class names under `model: labels`."
        known = ", ".join(list(self._numbers)[:10])
        numbers = f"0 to {self._count - 1}, or " if self._takes_numbers else ""
        return f"Known are {numbers}the names under `model: labels`: {known}."
