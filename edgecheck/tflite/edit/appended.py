"""The zip of associated files (labels, vocabularies) that may lie behind a flatbuffer.

What edits append goes in front of it, because readers look for a zip at the end of a file. The
places in its table of contents are moved by as much (.ZIP File Format Specification, 4.3.12 and
4.3.16).
"""

import io
import struct
import zipfile

from edgecheck.errors import ModelFileInvalid
from edgecheck.tflite.graph import Model
from edgecheck.tflite.verifier import verify

_ENTRY, _END = b"PK\x01\x02", b"PK\x05\x06"


def split_tail(data: bytes, model: Model) -> int:
    """Where the zip starts; the size of the file where there is none, or parts lie behind it."""
    if not model.associated_files:
        return len(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start = min((entry.header_offset for entry in archive.infolist()), default=len(data))
    if not 0 < start <= len(data):
        return len(data)
    try:
        verify(data[:start])
    except ModelFileInvalid:
        return len(data)
    return start


def join_tail(body: bytes, data: bytes, start: int) -> bytes:
    """`body` and the zip of `data`, which started at `start`."""
    if start == len(data):
        return body
    return body + _moved(data[start:], len(body) - start)


def _moved(tail: bytes, distance: int) -> bytes:
    """A zip whose places count from `distance` further behind; as it is where that fails."""
    moved = bytearray(tail)
    end = tail.rfind(_END)
    count, size, place = struct.unpack_from("<H2I", tail, end + 10)
    entry = end - size
    try:
        struct.pack_into("<I", moved, end + 16, place + distance)
        for _ in range(count):
            if entry < 0 or tail[entry : entry + 4] != _ENTRY:
                return tail
            lengths = struct.unpack_from("<3H", tail, entry + 28)
            (header,) = struct.unpack_from("<I", tail, entry + 42)
            struct.pack_into("<I", moved, entry + 42, header + distance)
            entry += 46 + sum(lengths)
    except struct.error:
        return tail
    return bytes(moved)
