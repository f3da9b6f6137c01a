"""Pictures turned, mirrored, shifted, or with their bytes in the order of another layout."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from edgecheck.mistakes.mistake import Mistake, Receiver
from edgecheck.mistakes.pictures import as_pictures, as_pixels, as_samples, on_line, sides
from edgecheck.tensors import Array

Move = Callable[[Array], Array]
"""From (n, height, width, channels) to as many values; what has another shape is read as that."""

SHIFT = 4
"""Pixels of the usual shift."""

_TURNED = "orientation-mismatch"
_LAYOUT = "layout-nchw-nhwc"
_QUARTER = (
    ("rot90", "pictures turned by 90 degrees to the left", 1),
    ("rot270", "pictures turned by 90 degrees to the right", 3),
)
_REREAD = ", their rows read at the width of the model"


def geometry(receiver: Receiver) -> Iterator[Mistake]:
    """The usual ones of pictures; nothing of anything else."""
    if not receiver.is_picture:
        return
    height, width, channels = sides(receiver)
    more = "" if height == width else _REREAD
    for key, words, quarters in _QUARTER:
        yield moved(key, _TURNED, words + more, _turn(quarters))
    yield moved("rot180", _TURNED, "pictures turned upside down", _turn(2))
    yield moved("flip-left-right", _TURNED, "pictures mirrored left to right", _flip(2))
    yield moved("flip-up-down", _TURNED, "pictures mirrored top to bottom", _flip(1))
    yield moved("transpose", _TURNED, f"pictures with rows and columns exchanged{more}", _transpose)
    if channels > 1:
        yield moved("nchw-as-nhwc", _LAYOUT, "channels-first bytes read as channels-last", _planar)
        words = "channels-last bytes read as channels-first"
        yield moved("nhwc-as-nchw", _LAYOUT, words, _interleaved)
    if min(height, width) >= 4 * SHIFT:
        for key, words, down, right in (
            ("shift-down", "downwards", SHIFT, 0),
            ("shift-up", "upwards", -SHIFT, 0),
            ("shift-right", "to the right", 0, SHIFT),
            ("shift-left", "to the left", 0, -SHIFT),
        ):
            yield shifted(key, f"pictures shifted {words} by {SHIFT} pixels", down, right)


def moved(key: str, rule: str, words: str, move: Move) -> Mistake:
    """A mistake that puts the values of a picture in other places."""

    def apply(values: Array, receiver: Receiver) -> Array:
        made = move(as_pictures(values, receiver))
        return as_samples(made.reshape(len(values), *sides(receiver)), receiver)

    return Mistake(key, rule, words, "geometry", apply)


def mixes_lines(mistake: Mistake, receiver: Receiver) -> bool:
    """Whether values end up in channels that are scaled otherwise than those that they come from."""
    return mistake.rule == _LAYOUT and len(receiver.lines or ()) > 1


def of_pixels(mistake: Mistake) -> Mistake:
    """The same done to the pixels, each of which is then scaled as the place asks that it came to."""

    def apply(values: Array, receiver: Receiver) -> Array:
        pixels = mistake.apply(as_pixels(values, receiver), receiver)
        return on_line(pixels, receiver.lines or (), receiver)

    return replace(mistake, words=f"{mistake.words}, before they were scaled", apply=apply)


def shifted(key: str, words: str, down: int, right: int) -> Mistake:
    """A shift by whole pixels; the pixels at the border are repeated."""

    def move(pictures: Array) -> Array:
        rows = np.clip(np.arange(pictures.shape[1]) - down, 0, pictures.shape[1] - 1)
        columns = np.clip(np.arange(pictures.shape[2]) - right, 0, pictures.shape[2] - 1)
        return np.asarray(pictures[:, rows][:, :, columns])

    return moved(key, "input-shifted", words, move)


def _turn(quarters: int) -> Move:
    return lambda pictures: np.rot90(pictures, quarters, axes=(1, 2))


def _flip(axis: int) -> Move:
    return lambda pictures: np.flip(pictures, axis)


def _transpose(pictures: Array) -> Array:
    return pictures.swapaxes(1, 2)


def _planar(pictures: Array) -> Array:
    """The order of bytes of channels first."""
    return np.moveaxis(pictures, -1, 1)


def _interleaved(pictures: Array) -> Array:
    """As channels first read, what has channels last."""
    n, height, width, channels = pictures.shape
    return np.moveaxis(pictures.reshape(n, channels, height, width), 1, -1)
