"""A mistake that happens to some samples of a dump, while the others are right."""

from collections.abc import Iterator
from dataclasses import replace

from edgecheck.matching.explanation import Match
from edgecheck.matching.inputs import Others, explain_input
from edgecheck.matching.redone import Redone
from edgecheck.mistakes.mistake import Receiver
from edgecheck.tensors import Array

_FEWEST = 64
"""Values that must be wrong: fewer are explained by anything."""


def explained_part(
    dumped: Array, prepared: Array, receiver: Receiver, others: Others, rows: Array
) -> Match | None:
    """What made the wrong samples; None where all are wrong, or nothing harmful explains them.

    Args:
        dumped: (n, *shape), as logged.
        prepared: float32 (n, *shape).
        receiver: the input.
        others: see `explain_input`.
        rows: bool (n,), the wrong ones.
    """
    if rows.all() or not rows.any() or prepared[rows].size < _FEWEST:
        return None

    def redone() -> Iterator[Redone]:
        for each in others():
            yield replace(each, rows=each.rows[rows])

    found = explain_input(dumped[rows], prepared[rows], receiver, redone)
    best = found.explanations[0] if found.explanations else None
    is_told = best is not None and best.rows is None and bool(best.mistakes)
    return found if is_told and best is not None and not best.is_harmless else None
