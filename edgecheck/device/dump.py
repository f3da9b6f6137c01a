"""A dump: tensors that were logged on a device, in one of the formats of this folder's README.

Nothing here believes what a file says of itself: sizes are compared with the bytes that are there
before anything of that size is held.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from edgecheck.device.described import files_named, open_described
from edgecheck.device.logged import DumpedTensor
from edgecheck.device.table import open_table
from edgecheck.errors import DatasetUnreadable, DumpUnreadable, InputMissing, UsageError
from edgecheck.samples.chunk import MAX_CHUNK_BYTES
from edgecheck.samples.npy import member_names, open_rows, read_names
from edgecheck.tensors import Array

IDS: Final = "ids"
DESCRIPTION: Final = "dump.json"
_FORMATS: Final = ".npz, .npy, .csv, or a folder with a dump.json"


def open_dump(path: Path, name: str | None = None) -> tuple[DumpedTensor, ...]:
    """Look at a dump; what it declares fits the bytes that are there.

    Args:
        path: a .npz, .npy or .csv file, a JSON description, or the folder of one.
        name: of the one tensor of a dump that does not name it.

    Raises:
        InputMissing: there is nothing at the path.
        DumpUnreadable: no format of a dump, damaged, or a value that no tensor holds.
        UsageError: a name was given for several tensors, or none for one without.
    """
    if not path.exists():
        raise InputMissing(f"there is no dump {path}", hint=f"A dump is {_FORMATS}.")
    suffix = path.suffix.lower()
    with _as_dump():
        if path.is_dir():
            found = open_described(path / DESCRIPTION)
        elif suffix == ".json":
            found = open_described(path)
        elif suffix == ".npz":
            found = _open_npz(path)
        elif suffix == ".npy":
            found = (_stored(path, None, None),)
        elif suffix == ".csv":
            found = (open_table(path),)
        else:
            raise DumpUnreadable(f"{path.name} is no dump that is known", hint=f"Use {_FORMATS}.")
    return _named(path, found, name)


def is_part(dump: Path, path: Path) -> bool:
    """Whether a file that is there belongs to a dump: nothing may be written over it.

    Args:
        dump: as `open_dump` takes it; a folder owns whatever lies in it, a JSON description the files
            that it names.
        path: of any file; nothing of the dump needs to be readable.
    """
    place = Path(os.path.realpath(path))
    if not os.path.exists(place):  # noqa: PTH110  (no error for names of any length)
        return False
    if dump.is_dir():
        return place.is_relative_to(os.path.realpath(dump))
    owned = [dump, *(files_named(dump) if dump.suffix.lower() == ".json" else ())]
    return str(place) in {os.path.realpath(each) for each in owned}


def _open_npz(path: Path) -> tuple[DumpedTensor, ...]:
    members = member_names(path)
    doubled = [member for member in members if members.count(member) > 1]
    if doubled:
        raise DumpUnreadable(
            f"{path.name} holds two arrays {doubled[0]!r}", hint="Save each tensor once."
        )
    ids = read_names(path, IDS) if IDS in members else None
    return tuple(_stored(path, member, ids) for member in members if member != IDS)


def _stored(path: Path, member: str | None, ids: tuple[str, ...] | None) -> DumpedTensor:
    rows = open_rows(path, member, takes_fortran=True)
    is_whole = rows.header.is_fortran
    if is_whole and len(rows) * rows.row_bytes > MAX_CHUNK_BYTES:
        raise DumpUnreadable(
            f"{rows.name} is stored in Fortran order, and too large for that",
            hint="Save np.ascontiguousarray(array).",
        )

    def read(count: int) -> Array:
        held = len(rows) if is_whole else min(count, len(rows))
        return next(rows.read(iter([range(held)])))[:count]

    return DumpedTensor(member or "", rows.header.dtype.name, rows.header.shape, ids, read)


def _named(
    path: Path, found: tuple[DumpedTensor, ...], name: str | None
) -> tuple[DumpedTensor, ...]:
    """The tensors under their names; that which has none gets the one that was given."""
    if not found:
        raise DumpUnreadable(f"{path.name} holds no tensors", hint="Log an input or an output.")
    nameless = [tensor for tensor in found if not tensor.name]
    if nameless and name is None:
        raise UsageError(
            f"{path.name} does not say which tensor it holds",
            hint="Say it with --tensor NAME; `edgecheck inspect MODEL` lists the names.",
        )
    if name is None:
        return found
    if not nameless:
        raise UsageError(
            f"--tensor is for dumps without names, {path.name} holds {found[0].name!r}",
            hint="Leave --tensor out.",
        )
    (tensor,) = nameless
    return (replace(tensor, name=name),)


@contextmanager
def _as_dump() -> Iterator[None]:
    """What the readers of samples complain of, as a complaint about the dump."""
    try:
        yield
    except DatasetUnreadable as error:
        raise DumpUnreadable(error.message, hint=error.hint) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise DumpUnreadable(
            f"the dump cannot be read: {reason}", hint="Check its permissions."
        ) from None
