"""Converted again, with representative samples that are not the spec's.

Whether the steps or the samples of calibration are at fault is decided by the reference: it answers
rightly to what the steps make.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from faults.case import Array, Deployment, Fault, Inject, Untyped
from faults.injected.steps import applied, undone, values

Change = Callable[[dict[str, Array], np.random.Generator], dict[str, Array]]
"""Prepared samples by input -> those that calibration gets."""


def _calibrated(site: Deployment, rng: np.random.Generator, *, change: Change) -> Deployment:
    rows = {
        name: np.asarray(made, np.float32)
        for name, made in change(site.base.representative(), rng).items()
    }
    return replace(site, candidate=site.base.convert(site.folder / "int8.tflite", "int8", rows))


def _mapped(scale: float, offset: float = 0.0) -> Change:
    return _each(lambda made: made * scale + offset)


def shifted(made: Array) -> Array:
    """Half of their range higher: the mean was not subtracted."""
    return np.asarray(made + (made.max() - made.min()) / 2)


def _raw(site: Deployment, rng: np.random.Generator) -> Deployment:
    """The samples before the steps scale them."""
    return _calibrated(site, rng, change=_each(partial(undone, values(site))))


def _again(site: Deployment, rng: np.random.Generator) -> Deployment:
    """The steps that scale, applied to what they made."""
    return _calibrated(site, rng, change=_each(partial(applied, values(site))))


def _each(change: Callable[[Array], Array]) -> Change:
    return lambda rows, _rng: {name: change(made) for name, made in rows.items()}


def _darkest(rows: dict[str, Array], _rng: np.random.Generator) -> dict[str, Array]:
    """The sample with the lowest mean, at a third of its light, alone.

    Where values go below 0, its range as a file keeps it (converters extend it to 0) is that of
    values that were normalised twice, too: then either name is right.
    """
    ((name, made),) = rows.items()
    low = made.min()
    one = made[made.reshape(len(made), -1).mean(1).argmin()][None]
    return {name: low + (one - low) / 3}


def _quiet(rows: dict[str, Array], _rng: np.random.Generator) -> dict[str, Array]:
    """Another domain: a fifth of the spread around the mean of each element."""
    return {n: v.mean(0) + (v - v.mean(0)) / 5 for n, v in rows.items()}


def _uniform(rows: dict[str, Array], rng: np.random.Generator) -> dict[str, Array]:
    """`np.random.rand` over the range of the samples: the input's range is right, the others not."""
    return {n: rng.uniform(v.min(), v.max(), v.shape) for n, v in rows.items()}


def _zeros(rows: dict[str, Array], _rng: np.random.Generator) -> dict[str, Array]:
    return {n: np.zeros_like(v) for n, v in rows.items()}


def _outlier(rows: dict[str, Array], rng: np.random.Generator, *, size: float) -> dict[str, Array]:
    """One element of one sample.

    Seen in the file: the input's range ends at 1e3 on one side and where the samples end on the
    other, which no other scale of all samples makes.
    """
    made = {n: v.copy() for n, v in rows.items()}
    for each in made.values():
        each.reshape(-1)[int(rng.integers(each.size))] = size
    return made


def _fault(name: str, variant: str, inject: Inject, **more: Untyped) -> Fault:
    common: dict[str, Untyped] = {"harm": "file", "touches": frozenset({"candidate"})}
    return Fault(name, "quantization", variant, inject, **{**common, **more})


_PIXELS: Final = {"needs": frozenset({"picture"}), "without": frozenset({"raw-range"})}
_WRONG: Final = "calibration-preprocessing-mismatch"
_POOR: Final = "calibration-unrepresentative"
_DARK: Final = {
    "also_right": (_WRONG,),
    "reason": "below 0 the stored range of dark values, up to 0, is that of a second normalisation",
}
_NOISE: Final = {
    "also_right": ("calibrated-on-noise",),
    "reason": "noise is the special case of samples that do not represent; it has a name of its own",
}

FAULTS = (
    _fault(_WRONG, "raw", _raw, **_PIXELS),
    _fault(_WRONG, "raw-features", _raw, needs=frozenset({"table"})),
    _fault(_WRONG, "scaled-again", _again, **_PIXELS),
    _fault(
        _WRONG,
        "unit-for-raw",
        partial(_calibrated, change=_mapped(1 / 255)),
        needs=frozenset({"picture", "raw-range"}),
    ),
    _fault(
        _WRONG,
        "unit-for-signed",
        partial(_calibrated, change=_mapped(0.5, 0.5)),
        needs=frozenset({"signed-range"}),
    ),
    _fault(
        _WRONG,
        "divided-by-255",
        partial(_calibrated, change=_mapped(1 / 255)),
        needs=frozenset({"array"}),
    ),
    _fault(_WRONG, "doubled", partial(_calibrated, change=_mapped(2.0))),
    _fault(
        _WRONG,
        "mean-shifted",
        partial(_calibrated, change=_each(shifted)),
        without=frozenset({"raw-range"}),
    ),
    _fault(
        _POOR,
        "one-dark-picture",
        partial(_calibrated, change=_darkest),
        needs=frozenset({"picture"}),
        **_DARK,
    ),
    _fault(_POOR, "quiet", partial(_calibrated, change=_quiet)),
    _fault(_POOR, "uniform-noise", partial(_calibrated, change=_uniform), **_NOISE),
    _fault("calibration-degenerate", "zeros", partial(_calibrated, change=_zeros)),
    _fault(
        "quant-range-outlier",
        "one-value-of-1e3",
        partial(_calibrated, change=partial(_outlier, size=1e3)),
        without=frozenset({"raw-range"}),
    ),
)
