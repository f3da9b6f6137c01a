"""Every usual mistake that makes sense for an input."""

from collections.abc import Iterator

import numpy as np

from edgecheck.mistakes.channels import channels
from edgecheck.mistakes.geometry import geometry
from edgecheck.mistakes.integers import integers, is_quantized, meaning
from edgecheck.mistakes.mistake import STEPS, Mistake, Receiver
from edgecheck.mistakes.values import values
from edgecheck.tensors import NUMPY_DTYPES, Array


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


def composed(first: Mistake, second: Mistake) -> Mistake:
    """Both mistakes, in the order in which they happen between pixel and tensor.

    Key and words name both; the rule is that of the first which does harm.
    """
    early, late = sorted((first, second), key=lambda each: STEPS.index(each.step))

    def apply(prepared: Array, receiver: Receiver) -> Array:
        return late.apply(early.apply(prepared, receiver), receiver)

    return Mistake(
        key=f"{early.key}+{late.key}",
        rule=late.rule if early.is_harmless else early.rule,
        words=f"{early.words}, and {late.words}",
        step=late.step,
        apply=apply,
        is_harmless=early.is_harmless and late.is_harmless,
    )


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
