"""Dumps that a JSON file describes: raw bytes in files beside it, or the values themselves."""

import json
from collections.abc import Callable, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from edgecheck.device.logged import DumpedTensor
from edgecheck.errors import DumpUnreadable, EdgecheckError
from edgecheck.rules.wording import plain
from edgecheck.samples.chunk import MAX_SAMPLE_BYTES
from edgecheck.samples.files import existing, joined, read_text
from edgecheck.tensors import REAL_DTYPES, Array

_VERSION: Final = 1
_MOST_TENSORS, _MOST_AXES, _MOST_DEPTH = 256, 8, 16
_ORDERS: Final[dict[str, Literal["<", ">"]]] = {"little": "<", "big": ">"}
_HINT: Final = "edgecheck/device/README.md shows what a dump.json holds."
_FIELDS: Final = frozenset({"name", "dtype", "shape", "file", "values", "byte_order", "ids"})


def open_described(path: Path) -> tuple[DumpedTensor, ...]:
    """The tensors that a JSON file describes.

    Raises:
        DumpUnreadable: not JSON, not as described, or the bytes are not there.
        DatasetUnreadable: the file is missing or no text.
    """
    text = read_text(path)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad(path.name, f"it is not JSON: {str(error)[:120]}") from None
    if not isinstance(document, dict) or document.get("version") != _VERSION:
        raise _bad(path.name, f"it needs `version: {_VERSION}`")
    tensors = document.get("tensors")
    if not isinstance(tensors, list) or not 0 < len(tensors) <= _MOST_TENSORS:
        raise _bad(path.name, f"`tensors` must list 1 to {_MOST_TENSORS} tensors")
    ids = _ids(path.name, document.get("ids"))
    found = tuple(_tensor(path, entry, ids) for entry in tensors)
    names = [tensor.name for tensor in found]
    doubled = [name for name in names if names.count(name) > 1]
    if doubled:
        raise _bad(path.name, f"tensor {plain(doubled[0])!r} is there twice")
    return found


def files_named(path: Path) -> tuple[Path, ...]:
    """The files that a description names, as far as it can be read; nothing is said of the rest."""
    try:
        document = json.loads(read_text(path))
    except (EdgecheckError, OSError, ValueError, RecursionError):
        return ()
    tensors = document.get("tensors") if isinstance(document, dict) else None
    entries = tensors if isinstance(tensors, list) else []
    names = [entry.get("file") for entry in entries if isinstance(entry, dict)]
    return tuple(path.parent / name for name in names if isinstance(name, str) and "\0" not in name)


def _tensor(path: Path, entry: object, ids: tuple[str, ...] | None) -> DumpedTensor:
    if not isinstance(entry, dict):
        raise _bad(path.name, "an entry of `tensors` is no object")
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        raise _bad(path.name, "a tensor has no `name`")
    where = f"{path.name}, tensor {plain(name)!r}"
    unknown = sorted(set(entry) - _FIELDS)
    if unknown:
        raise _bad(where, f"there is no field {plain(unknown[0])!r}")
    dtype, shape = _dtype(where, entry), _shape(where, entry.get("shape"))
    if ("file" in entry) == ("values" in entry):
        raise _bad(where, "it needs either `file` or `values`")
    own = _ids(where, entry.get("ids"))
    ids = ids if own is None else own
    if "values" in entry:
        values = _values(where, entry["values"], dtype, shape)
        return DumpedTensor(name, dtype.name, shape, ids, lambda count: values[:count])
    source = _inside(where, path.parent, entry["file"])
    return DumpedTensor(name, dtype.name, shape, ids, _raw(where, source, dtype, shape))


def _raw(
    where: str, source: Path, dtype: np.dtype[Any], shape: tuple[int, ...]
) -> Callable[[int], Array]:
    """What reads the first rows of a file of values in C order, without a header."""
    needed, found = prod(shape) * dtype.itemsize, source.stat().st_size
    if needed != found:
        raise DumpUnreadable(
            f"{where}: shape {list(shape)} of {dtype.name} needs {needed} bytes, "
            f"{source.name} has {found}",
            hint="The log is cut short, or dtype and shape are not those of the buffer.",
        )
    row = prod(shape[1:])

    def read(count: int) -> Array:
        count = min(count, shape[0])
        values = np.fromfile(source, dtype, count * row)
        if values.size < count * row:
            raise DumpUnreadable(f"{where}: {source.name} ends early", hint="Log it again.")
        return values.astype(dtype.newbyteorder("=")).reshape(count, *shape[1:])

    return read


def _inside(where: str, folder: Path, file: object) -> Path:
    """The file, which must be in the folder of the description or below it."""
    if not isinstance(file, str) or not file:
        raise _bad(where, "`file` must be the name of a file")
    source = joined(folder, file)
    if Path(file).is_absolute() or not source.resolve().is_relative_to(folder.resolve()):
        raise DumpUnreadable(
            f"{where}: {plain(file)!r} lies outside the folder of the dump",
            hint="Put the file beside the JSON file, and give its name.",
        )
    return existing(source)


def _dtype(where: str, entry: Mapping[str, Any]) -> np.dtype[Any]:
    name, order = entry.get("dtype"), entry.get("byte_order", "little")
    if not isinstance(name, str) or name not in REAL_DTYPES:
        raise _bad(where, f"`dtype` must be one of {', '.join(sorted(REAL_DTYPES))}")
    if not isinstance(order, str) or order not in _ORDERS:
        raise _bad(where, "`byte_order` must be little or big")
    return np.dtype(name).newbyteorder(_ORDERS[order])


def _shape(where: str, shape: object) -> tuple[int, ...]:
    if not isinstance(shape, list) or not 0 < len(shape) <= _MOST_AXES:
        raise _bad(where, f"`shape` must list 1 to {_MOST_AXES} sizes")
    if not all(isinstance(size, int) and not isinstance(size, bool) and size > 0 for size in shape):
        raise _bad(where, "every size of `shape` must be a whole number above 0")
    if prod(shape[1:]) * 8 > MAX_SAMPLE_BYTES:
        raise _bad(where, f"one entry of shape {shape} is larger than any sample")
    return tuple(shape)


def _ids(where: str, ids: object) -> tuple[str, ...] | None:
    if ids is None:
        return None
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise _bad(where, "`ids` must list texts, one a sample")
    return tuple(ids)


def _values(where: str, nested: object, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    flat = _flat(where, nested)
    if len(flat) != prod(shape):
        raise _bad(where, f"shape {list(shape)} needs {prod(shape)} values, there are {len(flat)}")
    try:
        real = np.asarray(flat, np.float64 if dtype.kind == "f" else None)
    except (ValueError, OverflowError):
        raise _bad(where, "a value is no number that fits") from None
    native = dtype.newbyteorder("=")
    if dtype.kind in "iu":
        bounds = np.iinfo(native)
        fits = real.dtype.kind in "iu" and bounds.min <= real.min() and real.max() <= bounds.max
        if not fits:
            raise _bad(where, f"a value is no {dtype.name}")
    with np.errstate(over="ignore"):
        return real.astype(native).reshape(shape)


def _flat(where: str, nested: object) -> list[float]:
    """Numbers in lists, of any depth that a tensor has."""
    level: Sequence[object] = nested if isinstance(nested, list) else [nested]
    for _ in range(_MOST_DEPTH):
        if not any(isinstance(entry, list) for entry in level):
            break
        level = [
            value for entry in level for value in (entry if isinstance(entry, list) else [entry])
        ]
    numbers = [
        entry for entry in level if isinstance(entry, (int, float)) and not isinstance(entry, bool)
    ]
    if len(numbers) < len(level):
        raise _bad(where, "`values` must hold numbers, in lists")
    return numbers


def _bad(where: str, found: str) -> DumpUnreadable:
    return DumpUnreadable(f"{where}: {found}", hint=_HINT)
