"""Names of tensor types, and the numpy types behind them."""

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
"""Any numpy array."""

Feeds: TypeAlias = Mapping[str, Array]
"""Input name -> real values, float32, with the sample axis first: (n, ...)."""

Outputs: TypeAlias = Mapping[str, Array]
"""Output name -> real values, float32, with the sample axis first: (n, ...)."""

DTYPES: tuple[str, ...] = (
    "float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64",
    "int8", "float64", "complex128", "uint64", "resource", "variant", "uint32", "uint16",
    "int4", "bfloat16", "int2", "uint4",
)  # fmt: skip
"""TensorType of the TFLite schema, in the order of its codes."""

NUMPY_DTYPES: Mapping[str, np.dtype[Any]] = {
    name: np.dtype(name)
    for name in DTYPES
    if name not in {"string", "resource", "variant", "int4", "bfloat16", "int2", "uint4"}
}
"""The types that numpy can hold, by TFLite name."""

REAL_DTYPES = frozenset(name for name in NUMPY_DTYPES if not name.startswith("complex"))
"""The types that real values can be given to and read from."""

QUANTIZED_DTYPES = frozenset({"int8", "uint8", "int16"})
"""Types of activations that a scale and a zero point give real values."""


def flat_rows(rows: Array) -> Array:
    """(n, ...) as (n, elements), a view where possible; also for n = 0, where numpy cannot infer."""
    return rows.reshape(len(rows), math.prod(rows.shape[1:]))


def dtype_name(code: int) -> str:
    """The name of a TensorType code; `type-<code>` for one newer than this table."""
    return DTYPES[code] if 0 <= code < len(DTYPES) else f"type-{code}"


def integer_range(dtype: str) -> tuple[int, int]:
    """(qmin, qmax) of an integer type named as in `DTYPES`.

    Raises:
        ValueError: `dtype` is not an integer type that numpy can hold.
    """
    if dtype not in NUMPY_DTYPES:
        raise ValueError(f"{dtype} is no integer type that numpy can hold")
    info = np.iinfo(NUMPY_DTYPES[dtype])
    return int(info.min), int(info.max)
