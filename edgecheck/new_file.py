"""Files that edgecheck makes for the user, and a place for those that it only tries.

Nothing of the user's is ever overwritten.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from edgecheck.errors import ReportUnwritable, UnusableError, UsageError

_ELSEWHERE = "give a path in a folder that exists and that you may write to"


def require_free(path: Path, inputs: Sequence[Path], *, force: bool) -> None:
    """Look before a long run whether a new file can be written after it.

    Args:
        path: where it will go.
        inputs: files that the run reads.
        force: a file that is there may be replaced, unless it is an input.

    Raises:
        UsageError: the path is an input of the run, or taken.
        ReportUnwritable: the folder is missing or protected, or no file can have that name.
    """
    try:
        _require_free(path, inputs, force=force)
    except OSError as error:
        raise _unwritable(path, error) from None


def _require_free(path: Path, inputs: Sequence[Path], *, force: bool) -> None:
    """As `require_free`; an OSError where even looking fails."""
    target = Path(os.path.realpath(path))
    if any(_is_same(target, each) for each in inputs):
        raise UsageError(
            f"{path} is an input of this run; it is never changed",
            hint="give the new file a path of its own with -o",
        )
    if path.is_dir() or (target.exists() and not target.is_file()):
        raise UsageError(f"{path} is not a file", hint="give the path of a file with -o")
    if target.exists() and not force:
        raise UsageError(f"{path} exists", hint="give another path, or --force to replace it")
    if not target.parent.is_dir():
        raise ReportUnwritable(f"there is no folder {target.parent}", hint=_ELSEWHERE)
    if not os.access(target.parent, os.W_OK):
        raise ReportUnwritable(f"you may not write to {target.parent}", hint=_ELSEWHERE)


def write_new(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file: complete under its name, or not at all.

    Args:
        path: where to.
        data: the content.
        force: replace what is there; else a file that came there meanwhile stays.

    Raises:
        ReportUnwritable: the folder is gone, full or protected, or the path is taken by now.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not force:
        raise ReportUnwritable(f"cannot write {path}: it exists by now", hint=_ELSEWHERE)
    try:
        _replace(target, data)
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> ReportUnwritable:
    return ReportUnwritable(f"cannot write {path}: {error.strerror or error}", hint=_ELSEWHERE)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for files that are tried.

    Raises:
        UnusableError: the disk is full, or the folder goes away.
    """
    try:
        with TemporaryDirectory(prefix="edgecheck-") as folder:
            yield Path(folder)
    except OSError as error:
        hint = "make the folder for temporary files usable and try again"
        raise UnusableError(str(error), hint=hint) from None


def _replace(target: Path, data: bytes) -> None:
    """Write beside `target` first, then rename, so that no reader ever sees half a file."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".edgecheck-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _is_same(target: Path, other: Path) -> bool:
    """Whether two paths name one file, by links of either kind too."""
    try:
        return target == Path(os.path.realpath(other)) or target.samefile(other)
    except (OSError, ValueError):
        return False


def _umask() -> int:
    """The process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
