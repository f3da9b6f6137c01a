"""Values in another range than in training, and colours in another order: the spec is wrong.

What a person believes who writes a wrong step is written as well: the promised `range` is that of
the wrong steps (`x-for-y`), or the one that training had (`promised.x-for-y`). In the first form
spec and steps agree, and a file that was calibrated in another range could as well be at fault:
which of the two is decided by labels, so that these need a base with them. The second contradicts
itself, and is seen without labels.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np

from faults.case import Deployment, Fault, Part, Trait, Untyped
from faults.injected.steps import LINES, geometry, scaled_as, values

_SPEC: Final[frozenset[Part]] = frozenset({"spec"})
_UNLABELLED: Final[frozenset[Trait]] = frozenset({"boxes", "vectors", "tags"})
_RANGES: Final[dict[str, Trait]] = {
    "signed": "signed-range",
    "unit": "unit-range",
    "imagenet": "imagenet-range",
}


def _ranged(
    site: Deployment, _rng: np.random.Generator, *, kind: str, is_believed: bool = True
) -> Deployment:
    """Pixels scaled in another way."""
    steps, made = scaled_as(site, kind)
    site = site.with_input(steps=[*geometry(site), *steps])
    return site.with_input(range=made) if is_believed else site


def _raw(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """`raw.astype(float32)`."""
    return site.with_input(steps=geometry(site), range=[0, 255])


def _raw_but_promised(site: Deployment, _rng: np.random.Generator) -> Deployment:
    return site.with_input(steps=geometry(site))


def _twice(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """The steps that scale are written down again; the range is not."""
    return site.with_input(steps=[*site.steps(), *values(site)], range=None)


def _bgr(site: Deployment, _rng: np.random.Generator) -> Deployment:
    steps = geometry(site)
    return site.with_input(steps=[*steps, {"channel-order": "BGR"}, *values(site)])


def _each(site: Deployment, **changes: Untyped) -> Deployment:
    """All inputs changed in one way."""
    for name in site.inputs:
        site = site.with_input(name, **changes)
    return site


def _array_scaled(
    site: Deployment,
    _rng: np.random.Generator,
    *,
    scale: float,
    offset: float = 0.0,
    believed: list[float] | None = None,
) -> Deployment:
    """Arrays that training took as they are, scaled first."""
    step = {"rescale": {"scale": scale, "offset": offset}}
    site = _each(site, steps=[step])
    return _each(site, range=believed) if believed else site


def _of_pictures() -> Iterator[Fault]:
    for true, trait in _RANGES.items():
        for used in (*LINES, "imagenet", "caffe"):
            if used == true:
                continue
            if true == "unit" and used == "caffe":
                continue  # no base in 0..1 has colours
            needs: set[Trait] = {"picture", trait}
            yield Fault(
                "input-range-mismatch",
                "input",
                f"{used}-for-{true}",
                partial(_ranged, kind=used),
                harm="input",
                touches=_SPEC,
                needs=frozenset(needs),
                without=_UNLABELLED,
                also_right=("channel-order-swapped",) if used == "caffe" else (),
                reason="BGR minus means is another order and another range" * (used == "caffe"),
            )
        yield Fault(
            "input-range-mismatch",
            "input",
            f"promised.{'unit' if true == 'signed' else 'signed'}-for-{true}",
            partial(_ranged, kind="unit" if true == "signed" else "signed", is_believed=False),
            harm="input",
            touches=_SPEC,
            needs=frozenset({"picture", trait}),
        )


def _of_scaling() -> Iterator[Fault]:
    """Scaled not at all, or twice."""
    for true, trait in _RANGES.items():
        needs: frozenset[Trait] = frozenset({"picture", trait})
        common: dict[str, Untyped] = {"harm": "input", "touches": _SPEC, "needs": needs}
        yield Fault(
            "input-not-normalized",
            "input",
            f"raw-for-{true}",
            _raw,
            without=_UNLABELLED,
            **common,
        )
        yield Fault(
            "input-not-normalized", "input", f"promised.raw-for-{true}", _raw_but_promised, **common
        )
        yield Fault(
            "input-double-normalized",
            "input",
            f"twice-{true}",
            _twice,
            without=_UNLABELLED,
            **common,
        )
    for used in ("unit", "signed", "imagenet"):
        yield Fault(
            "input-double-normalized",
            "input",
            f"{used}-before-rescaling-layer",
            partial(_ranged, kind=used),
            harm="input",
            touches=_SPEC,
            needs=frozenset({"picture", "raw-range"}),
        )


def _of_arrays() -> Iterator[Fault]:
    """Arrays in [-1, 1] that are fed as they are."""
    needs: frozenset[Trait] = frozenset({"array", "signed-range"})
    common: dict[str, Untyped] = {"harm": "input", "touches": _SPEC, "needs": needs}
    half = partial(_array_scaled, scale=0.5, offset=0.5, believed=[0, 1])
    yield Fault(
        "input-range-mismatch", "input", "array-in-unit", half, without=_UNLABELLED, **common
    )
    counts = partial(_array_scaled, scale=32768.0, believed=[-32768, 32768])
    yield Fault(
        "input-not-normalized", "input", "array-in-counts", counts, without=_UNLABELLED, **common
    )
    promised = partial(_array_scaled, scale=32768.0)
    yield Fault("input-not-normalized", "input", "promised.array-in-counts", promised, **common)
    divided = partial(_array_scaled, scale=1 / 128)
    yield Fault(
        "input-double-normalized",
        "input",
        "array-divided-again",
        divided,
        without=_UNLABELLED,
        **common,
    )


FAULTS = (
    *_of_pictures(),
    *_of_scaling(),
    *_of_arrays(),
    Fault(
        "channel-order-swapped",
        "input",
        "bgr",
        _bgr,
        harm="input",
        touches=_SPEC,
        needs=frozenset({"colour"}),
    ),
)
