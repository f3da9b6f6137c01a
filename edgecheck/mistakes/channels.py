"""Colour channels in another order, replaced by gray, or with a fourth between them."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from edgecheck.mistakes.mistake import Mistake, Receiver
from edgecheck.mistakes.pictures import (
    IDENTITY,
    as_pictures,
    as_pixels,
    as_samples,
    on_line,
    sides,
)
from edgecheck.tensors import Array

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (ITU-R BT.601), as Pillow and OpenCV make gray."""

ORDERS = (
    ("bgr", (2, 1, 0), "the colour channels the other way round"),
    ("channels-gbr", (1, 2, 0), "the second and third colour channel before the first"),
    ("channels-brg", (2, 0, 1), "the third colour channel before the first and second"),
    ("channels-grb", (1, 0, 2), "the first and second colour channel exchanged"),
    ("channels-rbg", (0, 2, 1), "the second and third colour channel exchanged"),
)
"""(key, channel of the right picture at each place, words)."""

_COUNT = "channel-count-mismatch"


def channels(receiver: Receiver) -> Iterator[Mistake]:
    """The usual ones of pictures with three channels; nothing of anything else."""
    if not receiver.is_picture or sides(receiver)[2] != 3:
        return
    for key, order, words in ORDERS:
        yield reordered(key, order, words)
    yield gray("gray-x3", "gray pictures, repeated in every channel", LUMA)
    if receiver.lines is not None:
        words = "bytes of RGBA pictures read as RGB"
        yield Mistake("rgba-as-rgb", _COUNT, words, "channels", _packed)


def reordered(key: str, order: tuple[int, ...], words: str) -> Mistake:
    """Pixels whose channels come in another order, each scaled as its place demands."""

    def apply(values: Array, receiver: Receiver) -> Array:
        if _is_uniform(receiver):
            return as_samples(as_pictures(values, receiver)[..., list(order)], receiver)
        pixels = as_pictures(as_pixels(values, receiver), receiver)[..., list(order)]
        return _scaled(pixels, receiver)

    return Mistake(key, "channel-order-swapped", words, "channels", apply)


def gray(key: str, words: str, weights: tuple[float, ...]) -> Mistake:
    """A weighted sum of the channels in place of each."""

    def apply(values: Array, receiver: Receiver) -> Array:
        pixels = as_pictures(as_pixels(values, receiver), receiver)
        one = pixels @ np.asarray(weights)
        return _scaled(np.repeat(one[..., None], 3, axis=-1), receiver)

    return Mistake(key, _COUNT, words, "channels", apply)


def _packed(values: Array, receiver: Receiver) -> Array:
    """Four bytes a pixel in a buffer of three a pixel: what does not fit is cut off."""
    pixels = as_pictures(as_pixels(values, receiver), receiver)
    n, height, width, _ = pixels.shape
    opaque = np.concatenate([pixels, np.full((n, height, width, 1), 255.0)], axis=-1)
    cut = opaque.reshape(n, -1)[:, : height * width * 3]
    return _scaled(cut.reshape(pixels.shape), receiver)


def _is_uniform(receiver: Receiver) -> bool:
    return len(receiver.lines or (IDENTITY,)) == 1


def _scaled(pictures: Array, receiver: Receiver) -> Array:
    """Pixels as pictures -> prepared values."""
    samples = as_samples(pictures, receiver)
    return on_line(samples, receiver.lines or (IDENTITY,), receiver)


def late_orders(receiver: Receiver) -> Iterator[Mistake]:
    """Colours in another order after each was scaled as its place asks; nothing where all are alike."""
    if not receiver.is_picture or sides(receiver)[2] != 3 or len(receiver.lines or ()) < 2:
        return
    for key, order, words in ORDERS:
        told = f"{words}, after they were scaled"
        yield Mistake(key, "channel-order-swapped", told, "values", partial(_placed, order=order))


def _placed(prepared: Array, receiver: Receiver, *, order: tuple[int, ...]) -> Array:
    return as_samples(as_pictures(prepared, receiver)[..., list(order)], receiver)
