"""Image and audio files that a spec means: a file, a folder or a pattern."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.files import joined

SUFFIXES: Mapping[str, frozenset[str]] = {
    "image": frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"}),
    "audio": frozenset({".wav"}),
}
"""Kind of input -> suffixes of its files, in lower case."""

WILDCARDS = frozenset("*?[")


def _already_here(_ids: Sequence[str]) -> None:
    """Local files need no fetching."""


@dataclass(frozen=True)
class Found:
    """Files of one input: `ids` are sorted paths below `folder`, with forward slashes."""

    folder: Path
    ids: tuple[str, ...]
    fetch: Callable[[Sequence[str]], None] = _already_here
    """To be called with the ids that will be read: brings remote files into `folder`."""


def find_files(path: str, base: Path, kind: str, *, in_class_folders: bool = False) -> Found:
    """The files that `path` means: a file, a folder's own files, or a pattern.

    `**` in a pattern stands for any folders; it does not follow symbolic links to folders.

    Args:
        path: relative to `base`, or absolute.
        base: the folder of the spec.
        kind: a key of `SUFFIXES`.
        in_class_folders: a folder means all files below its own files and subfolders.

    Raises:
        DatasetUnreadable: nothing there, nothing of that kind, or a match is no regular file.
    """
    try:
        folder, patterns = _split(path, base, in_class_folders)
        matches = sorted({match for pattern in patterns for match in folder.glob(pattern)})
        names = {match.relative_to(folder).as_posix(): match for match in matches}
        files = {name: names[name] for name in usable(names, kind) if not names[name].is_dir()}
        irregular = [name for name, file in files.items() if not file.is_file()]
    except (OSError, ValueError) as error:
        raise DatasetUnreadable(
            f"the files {path[:200]!r} cannot be listed: {str(error)[:200]}",
            hint="`**` must stand alone between slashes; check the folder and its permissions.",
        ) from error
    if irregular:
        raise DatasetUnreadable(
            f"{irregular[0]} is not a regular file (a broken link?)", hint="Repair or remove it."
        )
    if not files:
        raise DatasetUnreadable(_nothing(path, folder, matches, kind), hint=advice(kind))
    return Found(folder, tuple(sorted(files)))


def usable(names: Iterable[str], kind: str) -> list[str]:
    """Those relative paths that can be samples of `kind`.

    Hidden files and folders are none: macOS leaves a `._name.png` beside each file on foreign
    disks, notebooks leave `.ipynb_checkpoints`.
    """
    return [
        name
        for name in names
        if PurePosixPath(name).suffix.lower() in SUFFIXES[kind]
        and not any(part.startswith(".") for part in PurePosixPath(name).parts)
    ]


def advice(kind: str) -> str:
    """What a dataset of `kind` may be, as a hint."""
    return (
        f"Paths are relative to the spec file; {', '.join(sorted(SUFFIXES[kind]))}, .npy and .npz "
        f"can be read; `**` searches subfolders, as in folder/**/*{min(SUFFIXES[kind])}"
    )


def _split(path: str, base: Path, is_deep: bool) -> tuple[Path, list[str]]:
    """The folder before the first wildcard, and the patterns below it."""
    whole = joined(base, path)
    if whole.is_dir():
        # The first star follows links to class folders, as Keras and torchvision do.
        return whole, ["*", "*/**/*"] if is_deep else ["*"]
    if whole.exists() or not WILDCARDS.intersection(path):
        return whole.parent, [_escaped(whole.name)]
    parts = PurePath(path).parts
    first = next(i for i, part in enumerate(parts) if WILDCARDS.intersection(part))
    # Before Python 3.13 a final `**` matches folders only.
    last = ["*"] if parts[-1] == "**" else []
    return base.joinpath(*parts[:first]), ["/".join([*parts[first:], *last])]


def _escaped(name: str) -> str:
    """A pattern that matches `name` only."""
    return "".join(f"[{char}]" if char in WILDCARDS else char for char in name)


def _nothing(path: str, folder: Path, matches: Sequence[Path], kind: str) -> str:
    if not folder.is_dir():
        return f"dataset {path!r} not found: there is no folder {folder.as_posix()}"
    if not matches:
        return f"dataset {path!r} not found in {folder.as_posix()}"
    return f"none of the {len(matches)} entries of {path!r} has the suffix of an {kind} file"
