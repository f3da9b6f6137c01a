"""Outputs as a device logs them, wrong: codes taken for values, rows of other samples, other classes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from faults.case import Array, Deployment, Fault, Format, Inject, Trait
from faults.injected.dumps import rows_of
from faults.running import codings_of, outputs_of


def _answers(site: Deployment, form: Format) -> tuple[Deployment, str, Array]:
    """(with that candidate, name of its only output, the codes that it gives)."""
    site = replace(site, candidate=site.base.model(form))
    ((name, real),) = outputs_of(site.candidate, rows_of(site)).items()
    coding = codings_of(site.candidate)[1][name]
    codes = np.rint(real / coding.scale + coding.zero_point)
    return site, name, codes.astype(coding.dtype)


def _read_as(
    site: Deployment, _rng: np.random.Generator, *, form: Format, dtype: str
) -> Deployment:
    """Bytes of one sign, logged with the other; or codes logged as if they were values."""
    site, name, codes = _answers(site, form)
    is_float = dtype == "float32"
    return site.dumped({name: codes.astype(dtype) if is_float else codes.view(dtype)})


def _held(
    site: Deployment, _rng: np.random.Generator, *, order: Callable[[int], Array]
) -> Deployment:
    """Rows that are not those of their sample."""
    site, name, codes = _answers(site, "int8")
    return site.dumped({name: codes[order(len(codes))]})


def last_of_all(count: int) -> Array:
    """A pointer into the output was kept: all rows show the last."""
    return np.full(count, count - 1)


def one_late(count: int) -> Array:
    """The output is copied before the model has run: every row is that of the sample before."""
    return np.maximum(np.arange(count) - 1, 0)


def _relabelled(site: Deployment, rng: np.random.Generator) -> Deployment:
    """Classes in another order."""
    site, name, codes = _answers(site, "int8")
    cycle = rng.permutation(codes.shape[-1])
    order = np.empty_like(cycle)
    order[cycle] = np.roll(cycle, 1)  # so that none stays in its place
    return site.dumped({name: codes[..., order]})


_FORMS: Final[tuple[tuple[Format, str], ...]] = (
    ("int8", "float32"),
    ("uint8", "float32"),
    ("int8", "uint8"),
    ("uint8", "int8"),
)


def _fault(name: str, variant: str, inject: Inject, needs: frozenset[Trait] = frozenset()) -> Fault:
    return Fault(
        name,
        "device",
        variant,
        inject,
        harm="stated",
        touches=frozenset({"dump"}),
        needs=needs,
        command="match",
        reason="the model is right; what is logged of it is not",
    )


def _faults() -> Iterator[Fault]:
    for form, dtype in _FORMS:
        inject = partial(_read_as, form=form, dtype=dtype)
        yield _fault("output-not-dequantized", f"dump.{form}-as-{dtype}", inject)
    for variant, order in (("last-of-all", last_of_all), ("one-late", one_late)):
        yield _fault("output-alias-reuse", f"dump.{variant}", partial(_held, order=order))
    classes: frozenset[Trait] = frozenset({"classes"})
    yield _fault("label-order-or-offset", "dump.shuffled", _relabelled, classes)


FAULTS = tuple(_faults())
