"""Golden bundles: what a model was fed on the host and what it answered, in one zip file.

The format is in this folder's README. A bundle comes from outside: nothing is unpickled, no member is
unpacked under a name of its own, and no size is believed before the bytes that are there allow it.
"""

import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Final, Literal, TypeAlias

from edgecheck.device.manifest import Manifest, Stored, bad, manifest_text
from edgecheck.device.manifest_reader import manifest_of
from edgecheck.errors import BundleUnreadable, DatasetUnreadable, InputMissing
from edgecheck.samples.chunk import MAX_CHUNK_BYTES
from edgecheck.samples.npy import MAX_DEFLATE_RATIO, PIECE_BYTES, Rows, open_rows
from edgecheck.tensors import Array

Group: TypeAlias = Literal["inputs", "candidate", "reference"]
"""inputs and candidate: as the model takes and gives them; reference: float32."""

MANIFEST: Final = "manifest.json"
MODEL: Final = "model.tflite"
SPEC: Final = "spec.yaml"
LABELS: Final = "labels/truth"
MAX_MANIFEST_BYTES: Final = 64 << 20
MAX_MODEL_BYTES: Final = 1 << 30
_MAX_SPEC_BYTES: Final = 1 << 20
_MOST_MEMBERS: Final = 8192
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


@dataclass(frozen=True)
class Bundle:
    """A bundle that was looked at: every array is there, with the type and size of its tensor."""

    path: Path
    manifest: Manifest
    has_reference: bool

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the samples."""
        return self.manifest.ids

    def rows(self, group: Group, name: str, size: int) -> Iterator[Array]:
        """The recorded rows of one tensor, `size` at a time: (n, *shape of one row).

        Args:
            group: which of the arrays.
            name: of the input or output.
            size: rows a batch; fewer come at the end.

        Raises:
            BundleUnreadable: the data are damaged.
            KeyError: no such tensor.
        """
        yield from self._read(group, self._stored(group, name), size)

    def layer(self, index: int, size: int) -> Iterator[Array]:
        """The recorded rows of one inner tensor, as `rows`."""
        stored = next(each for each in self.manifest.layers if each.index == index)
        yield from self._read("layers", stored, size)

    def model(self) -> bytes:
        """The candidate's file, whose checksum is that of the manifest.

        Raises:
            BundleUnreadable: it is damaged, or another file.
        """
        data = _read_member(self.path, MODEL, MAX_MODEL_BYTES)
        if hashlib.sha256(data).hexdigest() != self.manifest.model_sha256:
            raise bad(self.path.name, f"{MODEL} is not the file that was recorded")
        return data

    def spec(self) -> bytes:
        """The text of the spec.

        Raises:
            BundleUnreadable: it is damaged.
        """
        data = _read_member(self.path, SPEC, _MAX_SPEC_BYTES)
        if hashlib.sha256(data).hexdigest() != self.manifest.spec_sha256:
            raise bad(self.path.name, f"{SPEC} is not the file that was recorded")
        return data

    def labels(self, size: int) -> Iterator[Array]:
        """The rows of the truth, as `Chunk` has them; nothing where there is none.

        Classes are int64 (n, k), values float32 (n, ...).
        """
        if self.manifest.labels == "none":
            return
        with _as_bundle(self.path):
            rows = open_rows(self.path, LABELS)
            yield from rows.read(self._batches(rows, size))

    def _read(self, group: str, stored: Stored, size: int) -> Iterator[Array]:
        rows = _open_array(self.path, group, stored, self.manifest.count)
        with _as_bundle(self.path):
            yield from rows.read(self._batches(rows, size))

    def _batches(self, rows: Rows, size: int) -> Iterator[range]:
        count = self.manifest.count
        size = max(1, min(size, MAX_CHUNK_BYTES // max(rows.row_bytes, 1)))
        return iter([range(start, min(start + size, count)) for start in range(0, count, size)])

    def _stored(self, group: Group, name: str) -> Stored:
        tensors = self.manifest.inputs if group == "inputs" else self.manifest.outputs
        found = {each.name: each for each in tensors}
        return found[name]


def read_bundle(path: Path) -> Bundle:
    """Open a bundle, and check that everything which its manifest names is there.

    Memory is that of the manifest, whatever the samples are.

    Raises:
        InputMissing: there is no such file.
        BundleUnreadable: no bundle, damaged, of a newer format, or its parts do not fit together.
    """
    with _as_bundle(path):
        is_there = path.is_file()
    if not is_there:
        raise InputMissing(
            f"there is no bundle {path}", hint="`edgecheck record SPEC MODEL -o BUNDLE` makes one."
        )
    members = _members(path)
    for needed in (MANIFEST, MODEL, SPEC):
        if needed not in members:
            raise bad(path.name, f"it holds no {needed}")
    manifest = manifest_of(_read_member(path, MANIFEST, MAX_MANIFEST_BYTES), path.name)
    for stored in manifest.inputs:
        _open_array(path, "inputs", stored, manifest.count)
    for stored in manifest.outputs:
        _open_array(path, "candidate", stored, manifest.count)
        if stored.has_reference:
            _open_array(path, "reference", stored, manifest.count)
    for stored in manifest.layers:
        _open_array(path, "layers", stored, manifest.count)
    _require_labels(path, manifest)
    has_reference = any(stored.has_reference for stored in manifest.outputs)
    return Bundle(path, manifest, has_reference)


def write_bundle(out: Path, manifest: Manifest, parts: Mapping[str, Path | bytes]) -> None:
    """Write a bundle; the caller gives it its final name when it is complete.

    Args:
        out: where to; replaced if it is there.
        manifest: what it says of itself.
        parts: member name -> its content, or a file that holds it.

    Raises:
        OSError: the disk is full, or a part is gone.
    """
    text = manifest_text(manifest)
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in {MANIFEST: text, **parts}.items():
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            if isinstance(content, bytes):
                archive.writestr(info, content)
                continue
            info.file_size = content.stat().st_size  # so that zip64 is used only where needed
            with content.open("rb") as source, archive.open(info, "w") as member:
                shutil.copyfileobj(source, member, PIECE_BYTES)


def member_of(group: str, stored: Stored) -> str:
    """The name of an array inside the zip file."""
    return f"{group}/{stored.file}.npy"


def _members(path: Path) -> set[str]:
    """Names of the members: each once, none that would be unpacked elsewhere."""
    with _as_bundle(path), zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    names = [info.filename for info in infos]
    if len(names) > _MOST_MEMBERS:
        raise bad(path.name, f"it has {len(names)} members, the most is {_MOST_MEMBERS}")
    if len(set(names)) < len(names):
        raise bad(path.name, "two of its members have one name")
    for info in infos:
        parts = info.filename.split("/")
        if not all(parts) or ".." in parts or "\\" in info.filename or ":" in parts[0]:
            raise bad(path.name, f"its member {info.filename[:80]!r} would be unpacked elsewhere")
        if info.compress_type not in _METHODS or info.flag_bits & 1:
            raise bad(path.name, f"its member {info.filename[:80]!r} is encrypted or packed oddly")
    return set(names)


def _read_member(path: Path, name: str, most: int) -> bytes:
    """A whole member of at most `most` bytes, whatever its header says."""
    with _as_bundle(path), zipfile.ZipFile(path) as archive:
        info = archive.getinfo(name)
        if info.file_size > min(most, info.compress_size * MAX_DEFLATE_RATIO + 1):
            raise bad(path.name, f"{name} claims {info.file_size} bytes, the most is {most}")
        with archive.open(info) as member:
            pieces = list(_pieces(member, info.file_size))
    data = b"".join(pieces)
    if len(data) != info.file_size:
        raise bad(path.name, f"{name} ends early")
    return data


def _pieces(member: IO[bytes], size: int) -> Iterator[bytes]:
    left = size
    while left > 0 and (piece := member.read(min(PIECE_BYTES, left))):
        left -= len(piece)
        yield piece
    member.read(1)  # the end, where zipfile compares the checksum


def _open_array(path: Path, group: str, stored: Stored, count: int) -> Rows:
    """The array of a tensor, once its header is what the manifest says."""
    member = member_of(group, stored)
    with _as_bundle(path):
        rows = open_rows(path, member.removesuffix(".npy"))
    wanted = "float32" if group == "reference" else stored.dtype
    found = rows.header
    if found.dtype.name != wanted or len(rows) != count:
        raise bad(
            path.name,
            f"{member} is {found.dtype.name} of {len(rows)} rows, the manifest says {wanted} of "
            f"{count}",
        )
    if prod(found.shape[1:]) != prod(stored.shape):
        raise bad(
            path.name,
            f"{member} has rows of shape {list(found.shape[1:])}, the tensor {list(stored.shape)}",
        )
    return rows


def _require_labels(path: Path, manifest: Manifest) -> None:
    """The truth, where the manifest says that there is any, is of every sample."""
    if manifest.labels == "none":
        return
    with _as_bundle(path):
        rows = open_rows(path, LABELS)
    wanted = "int64" if manifest.labels == "classes" else "float32"
    is_flat = len(rows.header.shape) == 2 or manifest.labels == "values"
    if rows.header.dtype.name != wanted or len(rows) != manifest.count or not is_flat:
        raise bad(path.name, f"{LABELS}.npy is not {wanted} of {manifest.count} samples")


@contextmanager
def _as_bundle(path: Path) -> Iterator[None]:
    """Whatever a damaged zip file or array makes readers raise, as one error."""
    try:
        yield
    except DatasetUnreadable as error:
        raise BundleUnreadable(error.message, hint="Record the bundle again.") from None
    except zipfile.BadZipFile as error:
        raise bad(path.name, str(error)[:200]) from None
    except (
        OSError, EOFError, KeyError, ValueError, NotImplementedError, RuntimeError, zlib.error,
    ) as error:  # fmt: skip
        raise bad(path.name, f"{type(error).__name__}: {str(error)[:200]}") from None
