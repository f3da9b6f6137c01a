"""Dark and bright exchanged: a line says how, codes that wrapped round say why."""

from collections.abc import Iterable

from edgecheck.matching.search import Hypothesis, ranked
from edgecheck.mistakes.mistake import Receiver


def is_reversed(found: Hypothesis, receiver: Receiver) -> bool:
    """Whether fitted lines turn the order of values round, in any channel."""
    right = receiver.lines or ((1.0, 0.0),)
    lines = found.lines or ()
    if len(right) == 1:
        right *= len(lines)
    return any(line[0] * own[0] < 0 for line, own in zip(lines, right, strict=False))


def wrapped(pairs: Iterable[Hypothesis]) -> list[Hypothesis]:
    """The pairs that make exactly what was found by codes that wrap round, the best first.

    With a scale of 1 / 255, pixels p that are not scaled become 255 p, the low byte of which is -p:
    to the eye a negative.
    """
    return ranked(
        pair for pair in pairs if pair.is_exact and pair.mistakes[-1].key == "wrap-without-clip"
    )
