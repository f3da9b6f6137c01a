"""What a dataset was asked for, and how its paths are found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.chunk import Truth
from edgecheck.samples.files import existing, joined
from edgecheck.samples.find import WILDCARDS, Found, find_files
from edgecheck.samples.remote import fetch_file, find_remote, is_url, url_name
from edgecheck.samples.scratch import Scratch
from edgecheck.samples.selection import select
from edgecheck.spec.model import DatasetSpec, InputSpec

TABLE_SUFFIX = ".csv"


@dataclass(frozen=True)
class Request:
    """The arguments of `open_dataset`, and the place for what is remote."""

    spec: DatasetSpec
    base: Path
    inputs: Mapping[str, InputSpec]
    class_names: tuple[str, ...]
    truth: Truth
    scratch: Scratch

    @property
    def class_count(self) -> int | None:
        """Number of classes, if it is known."""
        return len(self.class_names) or None

    @property
    def truth_source(self) -> str | tuple[str, ...] | None:
        """`labels`, unless nobody wants the truth."""
        return None if self.truth == "none" else self.spec.labels

    def suffix(self, path: str) -> str:
        """The suffix of a path or URL, in lower case."""
        return PurePath(url_name(path) if is_url(path) else path).suffix.lower()

    def file(self, path: str) -> Path:
        """One regular file, fetched if it is remote.

        Raises:
            DatasetUnreadable: it is not there.
        """
        if is_url(path):
            return fetch_file(path, self.base, self.scratch)
        found = joined(self.base, path)
        if WILDCARDS.intersection(path) and not found.exists():
            raise DatasetUnreadable(
                f"{path!r} is a pattern; arrays and tables are read from one file",
                hint="Join them to one .npy, .npz or .csv file with a row for each sample "
                "(np.stack, pandas.concat).",
            )
        return existing(found)

    def files(self, path: str, kind: str, *, in_class_folders: bool) -> Found:
        """The files of a folder or pattern, local or remote.

        Raises:
            DatasetUnreadable: there are none.
        """
        if is_url(path):
            return find_remote(
                path, self.base, kind, self.scratch, in_class_folders=in_class_folders
            )
        return find_files(path, self.base, kind, in_class_folders=in_class_folders)

    def selected(self, count: int) -> Sequence[int]:
        """Which of `count` samples will be read."""
        spec = self.spec
        return select(count, spec.limit, spec.seed, in_file_order=spec.order == "file")
