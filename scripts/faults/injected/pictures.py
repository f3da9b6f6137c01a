"""Pictures on the disk that are not those of training: turned, gray, or all of them one.

A picture whose file is turned and one that the steps turn cannot be told apart, and are one fault.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from faults.case import Array, Deployment, Fault, Part, Trait, Untyped
from faults.injected.steps import geometry, values
from faults.samples import pictures_of, stored_arrays, with_arrays, with_samples

TURNS: Final[dict[str, Callable[[Array], Array]]] = {
    "rot90": partial(np.rot90, k=1),
    "rot180": partial(np.rot90, k=2),
    "rot270": partial(np.rot90, k=3),
    "flip-left-right": np.fliplr,
    "flip-up-down": np.flipud,
}
"""Of (height, width[, channels])."""

TAGS: Final[dict[int, Callable[[Array], Array]]] = {
    3: partial(np.rot90, k=2),
    6: partial(np.rot90, k=1),
    8: partial(np.rot90, k=3),
}
"""EXIF orientation -> how a sensor stores an upright picture that a viewer then turns back: 6 is
turned clockwise by viewers, so that the pixels lie a quarter against the clock (EXIF 2.3, 4.6.4)."""

_GRAY: Final = np.array([0.299, 0.587, 0.114])
"""Luminance of red, green, blue (ITU-R BT.601)."""


_DATA: Final[frozenset[Part]] = frozenset({"data"})


def rewritten(site: Deployment, change: Callable[[Array], Array], **saving: Untyped) -> Deployment:
    """With every picture changed: uint8 (height, width[, channels]) -> the same type.

    Args:
        site: a deployment whose pictures are still those of its base.
        change: called for each picture in order.
        saving: more for Pillow's save.
    """
    from PIL import Image

    made = with_samples(site, range(len(pictures_of(site))))
    for path in stored(made):
        with Image.open(path) as picture:
            pixels = np.asarray(picture)
        Image.fromarray(np.ascontiguousarray(change(pixels))).save(path, **saving)
    return made


def stored(site: Deployment) -> list[Path]:
    """The picture files of a deployment that has its own."""
    return sorted((site.folder / "data" / "images").iterdir())


def gray(pixels: Array) -> Array:
    """uint8 (height, width, 3) with three equal channels."""
    luminance = np.rint(pixels @ _GRAY).astype(np.uint8)
    return np.repeat(luminance[..., None], 3, axis=-1)


def _turned(
    site: Deployment, _rng: np.random.Generator, *, turn: Callable[[Array], Array]
) -> Deployment:
    return rewritten(site, turn)


def _tagged(site: Deployment, _rng: np.random.Generator, *, tag: int) -> Deployment:
    """As a phone stores them: turned, with a tag that the application's decoder ignores."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = tag
    made = rewritten(site, TAGS[tag], exif=exif)
    decode, *rest = made.steps()
    ignoring = {"decode": {**decode["decode"], "exif": "ignore"}}
    return made.with_input(steps=[ignoring, *rest])


def _gray(site: Deployment, _rng: np.random.Generator) -> Deployment:
    return rewritten(site, gray)


def _same_frame(site: Deployment, rng: np.random.Generator) -> Deployment:
    """One sample again and again: a buffer that nobody fills anew."""
    count = len(next(iter(site.base.rows().values())))
    return with_samples(site, [int(rng.integers(count))] * count)


def _black(site: Deployment, _rng: np.random.Generator) -> Deployment:
    return rewritten(site, np.zeros_like)


def _zeros(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Every input of an .npz is 0, its labels are as they were."""
    arrays = stored_arrays(site)
    sources = site.spec["dataset"].get("arrays") or {name: name for name in site.inputs}
    empty = {key: np.zeros_like(arrays[key]) for key in sources.values()}
    return with_arrays(site, {**arrays, **empty})


def _not_finite(site: Deployment, rng: np.random.Generator) -> Deployment:
    """A sensor that drops out: NaN in one value of every tenth sample."""
    arrays = {key: value.copy() for key, value in stored_arrays(site).items()}
    sources = site.spec["dataset"].get("arrays") or {name: name for name in site.inputs}
    rows = arrays[min(sources.values())]
    rows[::10].reshape(len(rows[::10]), -1)[:, int(rng.integers(rows[0].size))] = np.nan
    return with_arrays(site, arrays)


def _deep(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """16-bit gray files: some decoders keep the high byte, some clip."""
    from PIL import Image

    made = with_samples(site, range(len(pictures_of(site))))
    for path in stored(made):
        with Image.open(path) as picture:
            deep = np.asarray(picture).astype(np.uint16) * 257
        Image.fromarray(deep).save(path)
    return made


def _orientations() -> Iterator[Fault]:
    needs: frozenset[Trait] = frozenset({"oriented", "classes"})
    for name, turn in TURNS.items():
        yield Fault(
            "orientation-mismatch",
            "input",
            name,
            partial(_turned, turn=turn),
            harm="input",
            touches=_DATA,
            needs=needs,
        )
    for tag in TAGS:
        yield Fault(
            "orientation-mismatch",
            "input",
            f"exif-{tag}",
            partial(_tagged, tag=tag),
            harm="input",
            touches=frozenset({"data", "spec"}),
            needs=needs,
        )


def _transposed(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Rows and columns exchanged, as by a buffer that is read column by column."""
    steps = [*geometry(site), {"transpose": [1, 0, 2]}, *values(site)]
    return site.with_input(steps=steps)


FAULTS = (
    *_orientations(),
    Fault(
        "orientation-mismatch",
        "input",
        "transposed",
        _transposed,
        harm="input",
        touches=frozenset({"spec"}),
        needs=frozenset({"oriented", "classes"}),
    ),
    Fault(
        "channel-count-mismatch",
        "input",
        "gray-files",
        _gray,
        harm="input",
        touches=_DATA,
        needs=frozenset({"colour"}),
    ),
    Fault("input-constant", "dataset", "same-frame", _same_frame, harm="input", touches=_DATA),
    Fault(
        "input-constant",
        "dataset",
        "black",
        _black,
        harm="input",
        touches=_DATA,
        needs=frozenset({"picture"}),
    ),
    Fault(
        "input-constant",
        "dataset",
        "zeros",
        _zeros,
        harm="input",
        touches=_DATA,
        needs=frozenset({"array"}),
    ),
    Fault(
        "inputs-nonfinite",
        "dataset",
        "nan-in-a-tenth",
        _not_finite,
        harm="input",
        touches=_DATA,
        needs=frozenset({"array"}),
    ),
    Fault(
        "decoder-difference",
        "input",
        "sixteen-bits",
        _deep,
        harm="stated",
        touches=_DATA,
        needs=frozenset({"picture", "gray"}),
        reason="the steps cut to the high byte, and nothing is wrong; other decoders clip",
        is_note=True,
    ),
)
