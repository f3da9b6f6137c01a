"""Datasets behind URLs: fetched with fsspec into a temporary folder, of bounded size.

Passwords and signatures in a URL never get into a message.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol

from edgecheck.errors import DatasetUnreadable
from edgecheck.samples.files import joined
from edgecheck.samples.find import SUFFIXES, Found, advice, usable
from edgecheck.samples.scratch import Scratch

PROTOCOLS = frozenset(
    {"abfs", "abfss", "adl", "az", "file", "ftp", "gcs", "gs", "hdfs", "hf", "http", "https"}
    | {"local", "memory", "s3", "s3a", "sftp", "ssh", "tar", "webdav", "webhdfs", "zip"}
)
"""File systems that only hand over bytes. Others of fsspec render templates or unpickle."""

MAX_REMOTE_FILES = 1_000_000


class FileSystem(Protocol):
    """What is used of a file system of fsspec."""

    def open(self, path: str, mode: str) -> BinaryIO:
        """A file to read from."""

    def info(self, path: str) -> Mapping[str, Any]:
        """Facts of one entry."""

    def glob(self, path: str, *, detail: bool) -> Mapping[str, Mapping[str, Any]]:
        """Entries that match a pattern, with their facts."""

    def find(
        self, path: str, *, maxdepth: int | None, detail: bool
    ) -> Mapping[str, Mapping[str, Any]]:
        """Files below a folder, with their facts."""


INSTALL = "pip install 'tflite-edgecheck[remote]'"

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::[A-Za-z][A-Za-z0-9+.-]+)*://")

_USER = re.compile(r"://[^/\s'\"]*@")

_QUERY = re.compile(r"[?#][^\s'\":]*")


def is_url(text: str) -> bool:
    """Whether this is `protocol://...`, maybe chained with `::`; a drive `C:` is no protocol."""
    return _URL.match(text) is not None


def shown(text: str) -> str:
    """A URL, or a text that may hold one, without user names, passwords and queries."""
    return _QUERY.sub("", _USER.sub("://", text))


def url_name(url: str) -> str:
    """The last part of the path of a URL, as a file name."""
    return PurePosixPath(_first(url)).name


def fetch_file(url: str, base: Path, scratch: Scratch) -> Path:
    """One remote file, brought here.

    Raises:
        DatasetUnreadable: fsspec or a package of the protocol is missing, or it cannot be read.
    """
    with _errors(url):
        system, path = _file_system(url, base)
        target = scratch.place() / (url_name(url) or "file")
        with system.open(path, "rb") as source:
            scratch.take(source, target)
    return target


def find_remote(
    url: str, base: Path, kind: str, scratch: Scratch, *, in_class_folders: bool = False
) -> Found:
    """The files of `kind` that a URL means: a file, a folder or a pattern; none is fetched yet.

    Raises:
        DatasetUnreadable: as `fetch_file`, or there is nothing of that kind.
    """
    with _errors(url):
        system, path = _file_system(url, base)
        paths = _listing(system, path, kind, is_deep=in_class_folders)
        folder = scratch.place()
    ids = tuple(sorted(usable(paths, kind)))
    if not ids:
        raise DatasetUnreadable(f"{shown(url)} has no {kind} file", hint=advice(kind))
    unsafe = [name for name in ids if not _is_below(folder, name)]
    if unsafe or len(ids) > MAX_REMOTE_FILES:
        raise DatasetUnreadable(
            f"{shown(url)} lists {len(ids)} files{', one named ' + repr(unsafe[0]) if unsafe else ''}",
            hint=f"Plain relative names and at most {MAX_REMOTE_FILES} files can be fetched.",
        )

    def fetch(wanted: Sequence[str]) -> None:
        with _errors(url):
            for name in wanted:
                with system.open(paths[name], "rb") as source:
                    scratch.take(source, folder / name)

    return Found(folder, ids, fetch)


def _listing(system: FileSystem, path: str, kind: str, *, is_deep: bool) -> dict[str, str]:
    """Relative path -> path in the file system, of all regular files there."""
    folder, _, name = path.rpartition("/")
    if "*" in path or "[" in path:
        parts = path.split("/")
        first = next(i for i, part in enumerate(parts) if "*" in part or "[" in part)
        folder = "/".join(parts[:first])
        found = system.glob(path, detail=True)
    elif PurePosixPath(name).suffix.lower() in SUFFIXES[kind]:
        found = {path: system.info(path)}
    else:
        folder = path.rstrip("/")
        depth = None if is_deep else 1
        found = system.find(folder, maxdepth=depth, detail=True)
    start = folder.strip("/")
    return {
        full.lstrip("/").removeprefix(start).lstrip("/"): full
        for full, info in found.items()
        if info.get("type") == "file"
    }


def _is_below(folder: Path, name: str) -> bool:
    parts = PurePosixPath(name).parts
    is_plain = ".." not in parts and "\\" not in name and "\0" not in name
    return is_plain and (folder / name).resolve().is_relative_to(folder.resolve())


def _file_system(url: str, base: Path) -> tuple[FileSystem, str]:
    """The file system, and the path in it."""
    protocols = {part.partition("://")[0].lower() for part in url.split("::")[:-1]}
    last = url.rpartition("::")[2]
    if is_url(last):
        protocols.add(last.partition("://")[0].lower())
    else:
        url = url.removesuffix(last) + joined(base, last).as_posix()
    unknown = sorted(protocols - PROTOCOLS)
    if unknown:
        raise DatasetUnreadable(
            f"datasets are not fetched by {unknown[0][:40]!r}",
            hint=f"Known are {', '.join(sorted(PROTOCOLS))}.",
        )
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise DatasetUnreadable(
            f"{shown(url)} is a URL, and fsspec is not installed", hint=f"{INSTALL}."
        ) from None
    system, path = url_to_fs(url)
    return system, str(path)


def _first(url: str) -> str:
    """The path of the first URL of a chain, without protocol and query."""
    head, _, path = url.partition("::")[0].partition("://")
    rest = path or head
    return re.split(r"[?#]", rest)[0] if head in {"http", "https"} else rest


@contextmanager
def _errors(url: str) -> Iterator[None]:
    """Whatever a file system raises, as one error without secrets."""
    try:
        yield
    except DatasetUnreadable:
        raise
    except ImportError as error:
        raise DatasetUnreadable(
            f"{shown(url)} needs another package: {shown(str(error))[:200]}",
            hint=f"{INSTALL}, and the package that is named (s3fs for s3, gcsfs for gs, ...).",
        ) from None
    except Exception as error:  # noqa: BLE001  (every protocol raises errors of its own)
        raise DatasetUnreadable(
            f"{shown(url)} cannot be fetched: {type(error).__name__}: {shown(str(error))[:200]}",
            hint="Check the address, your access to it and the network.",
        ) from None
