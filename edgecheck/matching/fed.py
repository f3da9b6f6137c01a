"""What a device fed, as numbers of this host."""

import numpy as np

from edgecheck.matching.target import domain_of
from edgecheck.mistakes.integers import is_quantized, meaning
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


def fed_values(dumped: Array, receiver: Receiver) -> Array:
    """The real values, float32, that the model got."""
    domain, values = domain_of(dumped, receiver)
    if domain.is_codes and is_quantized(receiver):
        dtype = receiver.tensor.dtype
        held = np.clip(np.nan_to_num(values), *integer_range(dtype))
        return meaning(held.astype(NUMPY_DTYPES[dtype]), receiver)
    with np.errstate(over="ignore"):
        return values.astype(np.float32)
