"""What a device fed, as numbers of this host."""

import numpy as np

from edgecheck.mistakes.integers import is_quantized, meaning, params_of
from edgecheck.mistakes.mistake import Receiver
from edgecheck.tensors import NUMPY_DTYPES, Array, integer_range

_SIGNS = {"int8": "uint8", "int16": "uint16", "uint8": "int8"}


def as_bytes(dumped: Array, dtype: str) -> Array:
    """Logged integers as those that the tensor's memory holds.

    A log as text gives integers no size: where they do not fit the type of the tensor but its
    bytes read with the other sign, that is what they are.
    """
    other = _SIGNS.get(dtype)
    if other is None or dumped.dtype.kind not in "iu" or not dumped.size:
        return dumped
    for name in (dtype, other):
        low, high = integer_range(name)
        if low <= int(dumped.min()) and int(dumped.max()) <= high:
            narrow = NUMPY_DTYPES[name]
            return dumped if dumped.dtype.itemsize == narrow.itemsize else dumped.astype(narrow)
    return dumped


def fed_values(read: Array, receiver: Receiver) -> Array:
    """The real values, float32, that the model got.

    Args:
        read: one of the readings of a dump; NaN in place of a code is what quantization makes of it.
        receiver: the input.
    """
    if not is_quantized(receiver):
        with np.errstate(over="ignore"):
            return read.astype(np.float32)
    dtype = receiver.tensor.dtype
    zero = params_of(receiver).zero_points[0]
    held = np.clip(np.where(np.isnan(read), zero, read), *integer_range(dtype))
    return meaning(held.astype(NUMPY_DTYPES[dtype]), receiver)
