"""Hypotheses about what was fed, tried on a few rows at a few places."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from edgecheck import proof_thresholds
from edgecheck.matching.fits import common, fitted
from edgecheck.matching.probe import NOWHERE, Move, Probe
from edgecheck.matching.scaling import scaled_otherwise
from edgecheck.matching.target import Domain, Score, score, width_of
from edgecheck.mistakes.mistake import Line, Mistake
from edgecheck.mistakes.pictures import as_pixels
from edgecheck.tensors import Array

_SAME = 1e-3
"""Of the width: what changes values by less is not seen."""
_LARGE = 1 << 19
"""Elements of a sample: two moves of larger ones are not tried."""


@dataclass(frozen=True)
class Hypothesis:
    """Mistakes, and how well they explain the probe."""

    mistakes: tuple[Mistake, ...]
    score: Score
    lines: tuple[Line, ...] | None = None
    """Of a fit."""
    rows: Array | None = None
    """What the samples become with the first mistake, where only the stored file tells."""

    @property
    def harm(self) -> int:
        """Mistakes that change answers."""
        return sum(not mistake.is_harmless for mistake in self.mistakes)

    @property
    def keys(self) -> tuple[str, ...]:
        """Of the mistakes, with their words: some share a key."""
        return tuple(f"{mistake.key}: {mistake.words}" for mistake in self.mistakes)

    @property
    def is_exact(self) -> bool:
        """It makes what was found."""
        return self.score.exact >= proof_thresholds.HYPOTHESIS_GOOD

    @property
    def is_good(self) -> bool:
        """It makes what was found, or but for the rounding of pixels."""
        return self.is_exact or self.score.near >= proof_thresholds.HYPOTHESIS_GOOD


_UNJUDGED = Score(0.0, 0.0, 0.0, np.zeros(()))


def ranked(tried: Iterable[Hypothesis]) -> list[Hypothesis]:
    """Those that explain what was found first: the least harm, then the exact, then the simplest.

    Then the others, by what they leave.
    """
    return sorted(tried, key=_place)


def without_idle(found: list[Hypothesis]) -> list[Hypothesis]:
    """Without those of which one mistake explains as much by itself: the other does nothing."""
    alone = {each.keys[0]: each.score.exact for each in found if len(each.keys) == 1}

    def is_idle(each: Hypothesis) -> bool:
        best = max((alone.get(key, 0.0) for key in each.keys), default=0.0)
        return each.is_exact and len(each.keys) > 1 and best >= each.score.exact

    return [each for each in found if not is_idle(each)]


def without_moves(found: list[Hypothesis]) -> list[Hypothesis]:
    """Of dull data, without those that move pixels, if others explain it: few values show no place."""
    still = [each for each in found if all(one.step != "geometry" for one in each.mistakes)]
    return still if any(each.is_good for each in still) else found


def _place(each: Hypothesis) -> tuple[float, ...]:
    made = each.score
    if not each.is_good:
        return (
            1.0,
            made.residual * proof_thresholds.MISTAKE_PENALTY ** len(each.mistakes),
            each.harm,
        )
    simplicity = (each.harm, not each.is_exact, len(each.mistakes), each.lines is not None)
    return (0.0, *simplicity, -made.exact, made.residual)


@dataclass(frozen=True)
class SearchBench:
    """The rows of a probe, right and as found, and the mistakes to try."""

    probe: Probe
    domain: Domain
    rows: Array
    """Indices of the rows, of all that were dumped."""
    right: Array
    """float32 (n, *shape)."""
    found: Array
    """float64 (n, *shape of the small receiver)."""
    moves: tuple[Move, ...]
    """Geometric mistakes; the first is none."""
    pointwise: tuple[Mistake, ...]
    """Usual mistakes of channels, values and integers."""

    def singles(
        self, before: tuple[Mistake, ...] = (), rows: Array | None = None
    ) -> Iterator[Hypothesis]:
        """One mistake behind those that `rows` (n, *shape) were made with, or none."""
        right = self.right if rows is None else rows
        for move in self.moves:
            yield self._tried(before, move, right)
        stay = self.moves[0]
        for mistake in self.pointwise:
            yield self._tried(before, stay, right, mistake)
        yield from self._fits(before, stay, right)

    def pairs(self) -> Iterator[Hypothesis]:
        """Two mistakes of different kinds, and two moves."""
        for move in self.moves[1:]:
            for mistake in self.pointwise:
                yield self._tried((), move, self.right, mistake)
            yield from self._fits((), move, self.right)
        yield from self._pointwise_pairs()
        yield from self._two_moves()

    def with_harmless(self, found: Hypothesis) -> Iterator[Hypothesis]:
        """The same with a harmless handling of integers behind it."""
        steps = [mistake.step for mistake in found.mistakes]
        if "integers" in steps or found.lines is not None or found.rows is not None:
            return
        moves = tuple(each for each in found.mistakes if each.step == "geometry")
        rest = tuple(each for each in found.mistakes if each.step != "geometry")
        move = next((each for each in self.moves if each.mistakes == moves), None)
        for mistake in self.pointwise:
            if mistake.is_harmless and move is not None:
                yield self._tried((), move, self.right, *rest, mistake)

    def made(self, found: Hypothesis) -> Array | None:
        """What a hypothesis makes of the rows at the places, in the unit of the domain; None where
        that is open at some of them, or needs the samples' files.
        """
        steps = tuple(each for each in found.mistakes if each.step == "geometry")
        move = next((each for each in self.moves if each.mistakes == steps), None)
        if found.rows is not None or move is None or (move.source == NOWHERE).any():
            return None
        made = self._moved(move, self.right)
        for mistake in found.mistakes[len(steps) :]:
            made = mistake.apply(made, self.probe.small)
        return self.domain.clipped(made) if found.lines else self.domain.of(made)

    def unseen(self) -> Iterator[Mistake]:
        """Usual mistakes with pictures that would change nothing here."""
        right = self.domain.of(self._moved(self.moves[0], self.right))
        width = width_of(right)
        colours = [each for each in self.pointwise if each.step == "channels"]
        colours = list({each.key: each for each in reversed(colours)}.values())[::-1]
        for each in (*(move.mistakes[0] for move in self.moves[1:]), *colours):
            made = self.made(Hypothesis((each,), _UNJUDGED))
            if made is not None and np.abs(made - right).max() <= _SAME * width:
                yield each

    def _pointwise_pairs(self) -> Iterator[Hypothesis]:
        stay = self.moves[0]
        for first in self.pointwise:
            if first.step == "channels":
                yield from self._fits((), stay, self.right, first)
            for second in self.pointwise:
                if _follows(first, second):
                    yield self._tried((), stay, self.right, first, second)

    def _two_moves(self) -> Iterator[Hypothesis]:
        if self.right[0].size > _LARGE:
            return
        turns = [
            move
            for move in self.moves[1:]
            if move.mistakes[0].rule != "input-shifted" and not move.is_of_pixels
        ]
        for first in turns:
            for second in turns:
                if first is not second:
                    move = self.probe.move(*first.mistakes, *second.mistakes)
                    yield self._tried((), move, self.right)

    def _tried(
        self, before: tuple[Mistake, ...], move: Move, right: Array, *after: Mistake
    ) -> Hypothesis:
        made = self._moved(move, right)
        for mistake in after:
            made = mistake.apply(made, self.probe.small)
        mistakes = (*before, *move.mistakes, *after)
        return self._judged(mistakes, self.domain.of(made), move, self.domain.span(made))

    def _fits(
        self, before: tuple[Mistake, ...], move: Move, right: Array, *after: Mistake
    ) -> Iterator[Hypothesis]:
        """With the line between pixels and found values that fits best; clipped, not rounded."""
        made = self._moved(move, right)
        for mistake in after:
            made = mistake.apply(made, self.probe.small)
        inside = (move.source != NOWHERE).reshape(self.probe.small.shape)
        is_picture = self.probe.full.is_picture
        lines = self._line(as_pixels(made, self.probe.small) if is_picture else made, inside)
        other = None if lines is None else scaled_otherwise(lines, self.probe.small)
        if other is None:
            return
        made = self.domain.clipped(other.apply(made, self.probe.small))
        found = self._judged((*before, *move.mistakes, *after, other), made, move)
        yield Hypothesis(found.mistakes, found.score, lines)

    def _line(self, pixels: Array, inside: Array) -> tuple[Line, ...] | None:
        columns = pixels.shape[-1] if self.probe.full.is_picture else 1
        x = pixels[:, inside].reshape(-1, columns)
        lines = fitted(x, self.found[:, inside].reshape(-1, columns), self.domain.rails)
        if lines is None:
            return None
        real = [self.domain.real_line(*line) for line in lines]
        return common(real, float(np.abs(x).max()))

    def _moved(self, move: Move, right: Array) -> Array:
        return self.probe.moved(right, move)

    def _judged(
        self, mistakes: tuple[Mistake, ...], made: Array, move: Move, width: float | None = None
    ) -> Hypothesis:
        inside = (move.source != NOWHERE).reshape(self.probe.small.shape)
        if inside.all():
            return Hypothesis(mistakes, score(made, self.found, self.domain, width))
        there = score(made[:, inside], self.found[:, inside], self.domain, width)
        return Hypothesis(mistakes, there)


def _follows(first: Mistake, second: Mistake) -> bool:
    order = ("channels", "values", "integers")
    return order.index(first.step) < order.index(second.step)
