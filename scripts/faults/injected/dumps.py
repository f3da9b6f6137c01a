"""What a device logs when its firmware is wrong: input dumps for `edgecheck match`.

The spec, the file and the samples are healthy. What a delegate, a kernel or the arena does wrong is
not made here: without the device it would be invented numbers. A shift and a crop of the same size
differ only in what comes in at the edge, which is black here.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from faults.case import Array, Deployment, Fault, Inject, Names, Part, Trait, Untyped
from faults.injected import firmware
from faults.injected.steps import LINES, Steps, applied, geometry, scaled_as, values
from faults.prepare import prepared, write_spec
from faults.running import Coding, codings_of

ROWS: Final = 32
"""Samples that were logged."""
_CUT: Final = 0.01
"""Share of codes that truncation must change to be seen: of pixels that are codes, it changes none."""
Coded = Callable[[Array, float, int], Array]
"""(real values, scale, zero point) -> codes."""
Seen = Callable[[Array], Array]
"""Pixels 0..255 (n, height, width, channels), as they should be -> as firmware has them."""


def pixels_of(site: Deployment, steps: Steps | None = None) -> Array:
    """The first pictures as the steps resize them, rounded: float64 (n, height, width, channels).

    Args:
        site: a deployment of pictures.
        steps: instead of the geometry of its spec.
    """
    name = site.only_input
    bare = site.with_input(steps=geometry(site) if steps is None else steps, range=None)
    path = site.folder / "pixels.yaml"
    write_spec(path, bare.spec)
    found = prepared(path)[name][:ROWS].astype(np.float64)
    return np.clip(np.rint(found), 0, 255)


def rows_of(site: Deployment) -> dict[str, Array]:
    return {name: made[:ROWS] for name, made in site.base.rows().items()}


def _coding(site: Deployment) -> Coding:
    inputs, _ = codings_of(site.candidate)
    (found,) = inputs.values()
    return found


def _logged(site: Deployment, codes: Array) -> Deployment:
    """The codes of the only input, and what the model takes them for."""
    found = _coding(site)
    name = site.only_input
    fed = firmware.meant(codes, found.scale, found.zero_point)
    return site.dumped({name: codes}, {name: fed})


def _quantized(site: Deployment, real: Array) -> Deployment:
    """Real values that are quantized as they should be."""
    found = _coding(site)
    return _logged(site, firmware.quantized(real, found.scale, found.zero_point))


def _scaled(site: Deployment, _rng: np.random.Generator, *, kind: str) -> Deployment:
    steps, _ = scaled_as(site, kind)
    return _quantized(site, applied(steps, pixels_of(site)))


def _unscaled(site: Deployment, _rng: np.random.Generator) -> Deployment:
    return _quantized(site, pixels_of(site))


def _twice(site: Deployment, _rng: np.random.Generator) -> Deployment:
    return _quantized(site, applied([*values(site), *values(site)], pixels_of(site)))


def _moved(site: Deployment, _rng: np.random.Generator, *, seen: Seen) -> Deployment:
    """Right numbers of pixels that are in the wrong place, or of another picture."""
    return _quantized(site, applied(values(site), seen(pixels_of(site))))


def _bgr_in_unit(site: Deployment, _rng: np.random.Generator) -> Deployment:
    steps, _ = scaled_as(site, "unit")
    return _quantized(site, applied(steps, pixels_of(site)[..., ::-1]))


def _resized(site: Deployment, _rng: np.random.Generator, **settings: Untyped) -> Deployment:
    steps = [
        {"resize": {"size": step["resize"]["size"], **settings}} if "resize" in step else step
        for step in geometry(site)
    ]
    return _quantized(site, applied(values(site), pixels_of(site, steps)))


def _through_jpeg(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Sent as JPEG from the camera to the board, at the size of the model."""
    return _quantized(site, applied(values(site), jpeg(pixels_of(site))))


def jpeg(pixels: Array) -> Array:
    """Encoded at quality 90 and decoded: pixels (n, height, width, channels)."""
    return np.stack([_recoded(picture) for picture in pixels.astype(np.uint8)]).astype(np.float64)


def _recoded(picture: Array) -> Array:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture.squeeze()).save(file, "JPEG", quality=90)
    with Image.open(file) as again:
        return np.asarray(again).reshape(picture.shape)


def _viewed(site: Deployment, _rng: np.random.Generator) -> Deployment:
    return _logged(site, firmware.pixels_viewed(pixels_of(site)))


def _coded(site: Deployment, _rng: np.random.Generator, *, code: Coded) -> Deployment:
    """Right values, wrong codes."""
    (real,) = rows_of(site).values()
    found = _coding(site)
    return _logged(site, code(real, found.scale, found.zero_point))


def _truncated(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Right values, codes that are cut off.

    Raises:
        ValueError: next to no value lies between two codes, so that nothing is lost.
    """
    (real,) = rows_of(site).values()
    found = _coding(site)
    codes = firmware.truncated(real, found.scale, found.zero_point)
    right = firmware.quantized(real, found.scale, found.zero_point)
    if (codes != right).mean() < _CUT:
        raise ValueError("codes that are cut off are the right ones here")
    return _logged(site, codes)


def _wrapped_pixels(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Pixels that were not scaled, and codes that were not clipped."""
    found = _coding(site)
    return _logged(site, firmware.wrapped(pixels_of(site), found.scale, found.zero_point))


def _crossed(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """Two buffers of one shape, each filled with what is for the other."""
    one, other = site.inputs
    rows, (codings, _) = rows_of(site), codings_of(site.candidate)
    sources = {one: rows[other], other: rows[one]}
    codes = {
        name: firmware.quantized(real, codings[name].scale, codings[name].zero_point)
        for name, real in sources.items()
    }
    return site.dumped(codes, sources)


def _as_floats(site: Deployment, _rng: np.random.Generator, *, change: Seen) -> Deployment:
    """A model with float inputs: numbers are logged."""
    site = replace(site, candidate=site.base.model("float"))
    fed = {name: change(made.astype(np.float32)) for name, made in rows_of(site).items()}
    return site.dumped(fed, fed)


_DUMP: Final[frozenset[Part]] = frozenset({"dump"})
_COLOUR: Final[frozenset[Trait]] = frozenset({"colour"})
_PICTURE: Final[frozenset[Trait]] = frozenset({"picture"})
_SIGNED: Final[frozenset[Trait]] = frozenset({"picture", "signed-range"})
_ORIENTED: Final[frozenset[Trait]] = frozenset({"oriented"})
_SEVERAL: Final[frozenset[Trait]] = frozenset({"two-inputs"})


def _fault(name: str, variant: str, inject: Inject, **more: Untyped) -> Fault:
    common: dict[str, Untyped] = {"harm": "input", "touches": _DUMP, "command": "match"}
    return Fault(name, "device", variant, inject, **{**common, **more})


def _ranges() -> Iterator[Fault]:
    traits: dict[str, Trait] = {
        "signed": "signed-range", "unit": "unit-range", "imagenet": "imagenet-range",
    }  # fmt: skip
    for true, trait in traits.items():
        needs: frozenset[Trait] = frozenset({"picture", trait})
        for used in (*LINES, "imagenet"):
            if used != true:
                inject = partial(_scaled, kind=used)
                yield _fault("input-range-mismatch", f"dump.{used}-for-{true}", inject, needs=needs)
        yield _fault("input-not-normalized", f"dump.raw-for-{true}", _unscaled, needs=needs)
        yield _fault("input-double-normalized", f"dump.twice-{true}", _twice, needs=needs)


def _batched(turn: Callable[[Array], Array]) -> Seen:
    return lambda pixels: np.stack([turn(picture) for picture in pixels])


_SEEN: Final[tuple[tuple[str, str, Seen, frozenset[Trait]], ...]] = (
    ("channel-order-swapped", "bgr", lambda p: p[..., ::-1], _COLOUR),
    ("channel-order-swapped", "gbr", lambda p: p[..., [1, 2, 0]], _COLOUR),
    ("layout-nchw-nhwc", "planes", firmware.planes, _COLOUR),
    ("channel-count-mismatch", "gray-x3", firmware.grayed, _COLOUR),
    ("channel-count-mismatch", "packed-rgba", firmware.packed, _COLOUR),
    ("orientation-mismatch", "rot90", _batched(np.rot90), _ORIENTED),
    ("orientation-mismatch", "rot180", _batched(partial(np.rot90, k=2)), _ORIENTED),
    ("orientation-mismatch", "flip-left-right", _batched(np.fliplr), _ORIENTED),
    ("orientation-mismatch", "flip-up-down", _batched(np.flipud), _ORIENTED),
    ("input-shifted", "4-pixels", partial(firmware.shifted, rows=4, columns=4), _PICTURE),
    ("input-shifted", "4-down", partial(firmware.shifted, rows=4, columns=0), _PICTURE),
)

_EITHER: Final = "two mistakes at once, and either may be named first"
_CODES: Final[tuple[tuple[str, str, Coded, Names], ...]] = (
    ("input-cast-without-quantization", "cast", lambda x, _s, _z: firmware.cast(x), ()),
    ("input-double-quantized", "again", firmware.quantized_twice, ()),
)
_NOTED: Final = "less than a step is lost, which no answer shows"


FAULTS = (
    *_ranges(),
    *(
        _fault(name, f"dump.{variant}", partial(_moved, seen=seen), needs=needs)
        for name, variant, seen, needs in _SEEN
    ),
    *(
        _fault(
            name, f"dump.{variant}", partial(_coded, code=code), also_right=also, without=_SEVERAL
        )
        for name, variant, code, also in _CODES
    ),
    _fault("input-signedness-offset", "dump.pixels-viewed", _viewed, needs=_PICTURE),
    _fault(
        "input-cast-wraparound",
        "dump.pixels",
        _wrapped_pixels,
        needs=_PICTURE,
        without=frozenset({"raw-range"}),
        also_right=("input-not-normalized",),
        reason=_EITHER,
    ),
    _fault(
        "input-range-mismatch",
        "dump.unit-and-bgr",
        _bgr_in_unit,
        needs=_SIGNED | _COLOUR,
        also_right=("channel-order-swapped",),
        reason=_EITHER,
    ),
    _fault(
        "resize-method-mismatch",
        "dump.nearest",
        partial(_resized, method="nearest"),
        needs=frozenset({"resized"}),
        without=frozenset({"landscape"}),
    ),
    _fault(
        "resize-method-mismatch",
        "dump.bilinear",
        partial(_resized, method="bilinear"),
        needs=frozenset({"resized"}),
        without=frozenset({"landscape"}),
    ),
    _fault("io-order-swapped", "dump.crossed", _crossed, needs=_SEVERAL),
    _fault(
        "endianness", "dump.floats", partial(_as_floats, change=firmware.swapped), without=_SEVERAL
    ),
    _fault(
        "input-range-mismatch",
        "dump.floats-halved",
        partial(_as_floats, change=lambda x: x * 0.5 + 0.5),
        needs=frozenset({"array", "signed-range"}),
        without=_SEVERAL,
    ),
    _fault(
        "input-rounding-missing",
        "dump.truncated",
        _truncated,
        harm="stated",
        without=_SEVERAL,
        reason=_NOTED,
        is_note=True,
    ),
    _fault(
        "decoder-difference",
        "dump.jpeg",
        _through_jpeg,
        harm="stated",
        needs=_PICTURE,
        reason="JPEG at quality 90 loses what no answer shows",
        is_note=True,
    ),
)
