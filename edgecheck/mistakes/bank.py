"""Every usual mistake that makes sense for an input."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from edgecheck.mistakes.channels import channels
from edgecheck.mistakes.geometry import geometry
from edgecheck.mistakes.integers import codes, integers, is_quantized, meaning
from edgecheck.mistakes.mistake import Mistake, Receiver
from edgecheck.mistakes.values import values
from edgecheck.tensors import NUMPY_DTYPES, Array

_WRAPS: Final = "wrap-without-clip"


def usual_mistakes(receiver: Receiver) -> tuple[Mistake, ...]:
    """What application and firmware code does wrong with an input of this kind.

    Channels are mixed up of three-channel pictures only, codes of quantized inputs only, and so on.
    Keys are unique. Some change nothing of some data: `wrap-without-clip` of values within the
    range, `bgr` of gray pictures.
    """
    return (
        *geometry(receiver),
        *channels(receiver),
        *values(receiver),
        *integers(receiver),
        *_constant(),
    )


def wraps(receiver: Receiver) -> Iterator[Mistake]:
    """Values in another range, the codes of which wrap round: of quantized inputs only.

    Where none is beyond the range, they leave samples as they are.
    """
    for last in integers(receiver):
        if last.key == _WRAPS:
            for first in values(receiver):
                words = f"{first.words}, and {last.words}"
                key = f"{first.key}-wrapped"
                yield Mistake(key, last.rule, words, "integers", _both(first, last))


def _both(first: Mistake, last: Mistake) -> Callable[[Array, Receiver], Array]:
    def apply(prepared: Array, receiver: Receiver) -> Array:
        made = first.apply(prepared, receiver)
        found = last.apply(made, receiver)
        clipped = meaning(codes(made, receiver), receiver)
        return prepared if np.array_equal(found, clipped) else found

    return apply


def _constant() -> Iterator[Mistake]:
    rule = "input-constant"
    yield Mistake("zeros", rule, "a buffer of zeros", "integers", _zeros)
    yield Mistake("same-frame", rule, "the first sample again and again", "integers", _first)


def _zeros(prepared: Array, receiver: Receiver) -> Array:
    """What codes of 0, or floats of 0, mean."""
    if not is_quantized(receiver):
        return np.zeros(prepared.shape, np.float32)
    arrived = np.zeros(prepared.shape, NUMPY_DTYPES[receiver.tensor.dtype])
    return meaning(arrived, receiver)


def _first(prepared: Array, receiver: Receiver) -> Array:  # noqa: ARG001  (of Mistake)
    return np.asarray(np.broadcast_to(prepared[:1], prepared.shape), np.float32)
