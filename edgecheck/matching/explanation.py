"""What explains the rows that a device was fed."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.mistakes.mistake import Line, Mistake
from edgecheck.tensors import Array

Unit = Literal["LSB", "relative"]


@dataclass(frozen=True)
class Explanation:
    """Mistakes that make of the prepared rows what the device was fed."""

    mistakes: tuple[Mistake, ...]
    """In the order in which they happen; none where the device does nothing wrong."""
    exact_share: float
    """Of the elements that these mistakes make exactly: within half an LSB, or 0.1 % of the width
    of the range for floats. Borders that a shift leaves open are not counted."""
    residual: float
    """Mean absolute difference that is left, in `unit`."""
    unit: Unit
    """LSB of codes; relative to the width of the range for floats."""
    lines: tuple[Line, ...] | None = None
    """Of a wrong scaling, known or recovered by a fit: real value = scale * pixel + offset, by
    channel or once; of what is no picture, of the right value in place of the pixel. None where
    none was found."""
    rows: tuple[int, ...] | None = None
    """Which of the prepared rows each dumped row was made of; None where it is its own."""

    @property
    def is_harmless(self) -> bool:
        """No answer should change by it."""
        return all(mistake.is_harmless for mistake in self.mistakes)

    @property
    def words(self) -> str:
        """What the model is fed, as a phrase."""
        return ", and ".join(mistake.words for mistake in self.mistakes) or "what the spec says"


@dataclass(frozen=True)
class Match:
    """All that was found out about the rows of one input."""

    explanations: tuple[Explanation, ...]
    """Best first; empty where nothing explains the dump."""
    tied: int
    """How many of the first ones explain it equally well with as few mistakes: these data cannot
    tell which of them it is."""
    nearest: Explanation
    """What comes nearest, also where it explains nothing."""
    unseen: tuple[Mistake, ...]
    """Usual mistakes that would change nothing of these rows: nobody can say whether they are
    made too (channel orders of gray pictures, mirrors of flat ones)."""
    read: Array
    """The dump as the numbers that it is taken for: codes of an input of integers, else values.
    float64 (n, *shape)."""

    @property
    def is_plain(self) -> bool:
        """What the spec says, row by row, explains the dump."""
        best = self.explanations[0] if self.explanations else None
        return best is not None and not best.mistakes and best.rows is None

    @property
    def place(self) -> tuple[float, ...]:
        """Among matches of the same dump, read in other ways: explained, with the fewest mistakes."""
        if not self.explanations:
            return (1.0, -self.nearest.exact_share)
        best = self.explanations[0]
        return (0.0, not best.is_harmless, len(best.mistakes), best.rows is not None)
