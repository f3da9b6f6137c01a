"""Classes from the folders that files lie in."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.find import Found
from edgecheck.spec.wording import did_you_mean, quoted
from edgecheck.tensors import Array

KEYWORD = "folders"
"""`labels: folders`: the first folder below the dataset's own is the class."""


def folder_classes(found: Found, root: Path | None, class_names: Sequence[str]) -> Array:
    """The class of each file: the first folder below `root` that it lies in.

    Args:
        found: the files.
        root: the folder that holds one folder for each class; the dataset's own if None.
        class_names: the order of the classes. If empty: the sorted names of all folders of
            `root`, as `keras.utils.image_dataset_from_directory` and
            `torchvision.datasets.ImageFolder` number them.

    Returns:
        int64 (len(ids), 1).

    Raises:
        DatasetUnreadable: a file lies in no class folder, or in one that is no class.
    """
    below = found.ids if root is None else _below(found, root)
    folders = [PurePosixPath(name).parts[0] for name in below if "/" in name]
    if len(folders) < len(below):
        loose = next(name for name in below if "/" not in name)
        raise DatasetUnreadable(
            f"{len(below) - len(folders)} of {len(below)} files lie in no class folder: {loose}",
            hint="`labels: folders` needs one folder for each class below the dataset's folder.",
        )
    names = class_names or _class_order(folders, root or found.folder)
    numbers = {name: number for number, name in enumerate(names)}
    unknown = sorted(set(folders) - set(numbers))
    if unknown:
        raise DatasetUnreadable(
            f"folder {quoted(unknown[0])} is not a class{did_you_mean(unknown[0], names)}",
            hint="Name the folders as `model: labels` does: " + ", ".join(map(quoted, names[:10])),
        )
    return np.array([[numbers[folder]] for folder in folders], np.int64)


def _below(found: Found, root: Path) -> list[str]:
    """Paths of the files relative to `root`."""
    paths = [os.path.relpath(found.folder / name, root).replace(os.sep, "/") for name in found.ids]
    outside = [name for name, path in zip(found.ids, paths, strict=True) if path.startswith("../")]
    if outside:
        raise DatasetUnreadable(
            f"{outside[0]} does not lie below the labels' folder {root.as_posix()}",
            hint="Write `labels: folders` if the folders of the dataset are its classes.",
        )
    return paths


def _class_order(folders: Sequence[str], root: Path) -> list[str]:
    """All class folders: also those of which no file was asked for count."""
    empty = [entry.name for entry in root.iterdir() if entry.is_dir()] if root.is_dir() else []
    return sorted({*folders, *(name for name in empty if not name.startswith("."))})
