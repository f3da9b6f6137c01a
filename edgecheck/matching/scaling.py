"""Mistakes made of lines that a fit recovered."""

import numpy as np

from edgecheck.mistakes.integers import is_quantized, params_of
from edgecheck.mistakes.mistake import Line, Mistake, Receiver
from edgecheck.mistakes.values import CAFFE, IMAGENET, KNOWN, RAW, as_lines, same_lines
from edgecheck.tensors import Array

Lines = tuple[Line, ...]

_RULE = "input-range-mismatch"
_NAMED: tuple[tuple[str, str, Lines], ...] = (
    ("caffe-means", "pixels minus the means of ImageNet", CAFFE[::-1]),
    ("caffe-means-bgr", "pixels minus the means of ImageNet in BGR order", CAFFE),
    ("imagenet-bgr", "pixels normalised by the constants of ImageNet in BGR order", IMAGENET[::-1]),
)


def scaled_otherwise(lines: Lines, receiver: Receiver) -> Mistake | None:
    """Values on these lines, by name where they are known.

    None where they are those of the spec, or among the usual mistakes.
    """
    if not receiver.is_picture:
        return None if same_lines(lines, RAW) else _of_prepared(lines)
    own = receiver.lines or RAW
    has_pixels = receiver.lines is not None
    usual = [known for _, _, known in KNOWN] if has_pixels else []
    if receiver.lines is not None:
        usual.append(tuple((scale**2, scale * offset + offset) for scale, offset in own))
    usual += _of_codes(receiver) if has_pixels else []
    if any(same_lines(lines, known) for known in (own, *usual)):
        return None
    for key, words, known in _NAMED if has_pixels else ():
        if same_lines(lines, known):
            return Mistake(key, _RULE, words, "values", as_lines(known))
    kind = "pixels" if has_pixels else "values"
    words = f"{kind} scaled otherwise: {written(lines, kind[:-1])}"
    return Mistake("other-scaling", _RULE, words, "values", as_lines(lines))


def _of_codes(receiver: Receiver) -> list[Lines]:
    """What pixels in place of codes mean, which is among the usual mistakes."""
    if not is_quantized(receiver):
        return []
    params = params_of(receiver)
    first = -128 if receiver.tensor.dtype == "int8" else 0
    return [((params.scales[0], (first - params.zero_points[0]) * params.scales[0]),)]


def _of_prepared(lines: Lines) -> Mistake:
    ((scale, offset),) = lines

    def apply(prepared: Array, receiver: Receiver) -> Array:  # noqa: ARG001  (of Mistake)
        return np.asarray(prepared * scale + offset, np.float32)

    words = f"values scaled otherwise: {written(lines, 'prepared value')}"
    return Mistake("other-scaling", _RULE, words, "values", apply)


def written(lines: Lines, kind: str) -> str:
    """Lines as a formula: `pixel * 0.0078431 - 1`."""
    return "; ".join(
        f"{kind} * {scale:.5g} {'-' if offset < 0 else '+'} {abs(offset):.5g}"
        for scale, offset in lines
    )
