"""Which cases are run: chosen from base, seed and fault alone, so that a plan repeats."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from faults.bases.build import RECIPES
from faults.case import Control, Fault, Trait
from faults.controls import TRAPS, plain

PAIRS = 30
_BASES_A_SEED = 3


@dataclass(frozen=True)
class Planned:
    """One case: a base, and what is done to it."""

    base: str
    seed: int
    faults: tuple[Fault, ...] = ()
    """None for a control, two for a pair."""
    control: Control | None = None

    @property
    def variant(self) -> str:
        """Of the control, or keys of the faults."""
        if self.control is not None:
            return self.control.variant
        return "+".join(fault.key for fault in self.faults)

    @property
    def id(self) -> str:
        """Unique; also the name of its folder."""
        kind = "control" if self.control else ("fault", "pair")[len(self.faults) - 1]
        return f"{kind}-{self.base}-{self.seed}-{self.variant}"


def single_faults(
    faults: Sequence[Fault], bases: Sequence[str], seeds: Iterable[int]
) -> list[Planned]:
    """Every fault on up to three bases a seed; the next seed goes on with the next bases."""
    planned = []
    for seed, (number, fault) in product(seeds, enumerate(faults)):
        fitting = [name for name in bases if _fits(fault, name)]
        taken = min(_BASES_A_SEED, len(fitting))
        first = number + seed * taken
        planned += [
            Planned(fitting[(first + k) % len(fitting)], seed, (fault,)) for k in range(taken)
        ]
    return planned


def one_of_each(faults: Sequence[Fault], bases: Sequence[str], seed: int) -> list[Planned]:
    """Every name once, in one of its variants, on the first base that fits: few bases are built."""
    variants: dict[str, list[Planned]] = {}
    for fault in faults:
        fitting = [name for name in bases if _fits(fault, name)]
        variants.setdefault(fault.name, [])
        variants[fault.name] += [Planned(name, seed, (fault,)) for name in fitting[:1]]
    return [found[seed % len(found)] for found in variants.values() if found]


def healthy(bases: Sequence[str], seeds: Iterable[int]) -> list[Planned]:
    """Every trap on every base that it fits, and every format, for every seed."""
    return [
        Planned(base, seed, control=control)
        for seed, base in product(seeds, bases)
        for control in (*plain(seed), *TRAPS)
        if control.applies_to(RECIPES[base].fits)
    ]


def pairs(faults: Sequence[Fault], bases: Sequence[str], seeds: Sequence[int]) -> list[Planned]:
    """Candidates for pairs in a drawn order: more than are needed, since some turn out benign.

    Only faults that are seen by `validate`, that do harm that can be measured, that leave the model
    running, and that replace different parts.
    """
    fit = [f for f in faults if f.command == "validate" and f.harm != "stated" and not f.stops]
    found = [
        Planned(base, seed, (one, other))
        for base, one, other in product(bases, fit, fit)
        if one.key < other.key and one.name != other.name and not one.touches & other.touches
        if _fits(one, base) and _fits(other, base)
        for seed in seeds
    ]
    order = np.random.default_rng([len(found), *seeds]).permutation(len(found))
    # Each two names once, wherever they are drawn first.
    drawn = {tuple(f.name for f in found[place].faults): found[place] for place in order[::-1]}
    return list(drawn.values())[::-1]


def _fits(fault: Fault, base: str) -> bool:
    fits: frozenset[Trait] = RECIPES[base].fits
    return fault.applies_to(fits)
