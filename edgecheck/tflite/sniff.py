"""What bytes are when they are not a .tflite file, and what to do about it."""

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import NamedTuple

from edgecheck.tflite.names import printable


class Sniffed(NamedTuple):
    """What was found, and the advice."""

    found: str
    hint: str


_CONVERT = (
    "Convert it first, with tf.lite.TFLiteConverter, and give the .tflite file that this writes."
)
_UNPACK = "Unpack it and pass the .tflite file inside."
_AGAIN = "Export or download the file again."
_OTHER = "Pass the .tflite file that was made for the device."

_LONGEST = 4096
"""Bytes looked at to recognise text; enough for every mark below."""

MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (a Keras .h5 model or weights)", _CONVERT),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"GGUF", "a GGUF model (llama.cpp)", _OTHER),
    (b"LITERTLM", "a LiteRT-LM bundle", "Only the .tflite files inside can be checked."),
    (b"\x93NUMPY", "a NumPy array (.npy)", "This is data, not a model: name it in the spec."),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", "This is data, not a model: name it in the spec."),
    (b"\xff\xd8\xff", "a JPEG image", "This is data, not a model: name it in the spec."),
    (b"\x7fELF", "an ELF program or library", _OTHER),
    (b"MZ", "a Windows program or library", _OTHER),
    (b"%PDF", "a PDF document", _AGAIN),
)
"""First bytes -> what starts with them."""

ZIPS: tuple[tuple[str, str, str], ...] = (
    (r"(^|/)config\.json$", "a Keras model (.keras)", _CONVERT),
    (r"(^|/)saved_model\.pb$", "a zipped SavedModel", f"Unzip it. {_CONVERT}"),
    (r"\.tflite$", "a zip archive with a .tflite file in it", _UNPACK),
    (r"(^|/)data\.pkl$", "a PyTorch model", _CONVERT.replace("it first", "it to ONNX first, then")),
    (r"\.npy$", "a NumPy archive (.npz)", "This is data, not a model: name it in the spec."),
)
"""Pattern of a member -> what a zip that has it is; the first that fits."""


def sniff(data: bytes) -> Sniffed:
    """Name what `data` is, given that it does not start as a .tflite file. Never raises.

    Looks at the first few KB, and at the table of contents of a zip.
    """
    for look in LOOKS:
        result = look(data)
        if result is not None:
            return result
    start = data[:16].hex(" ")
    return Sniffed(f"unknown data of {len(data)} bytes that starts with {start}", _OTHER)


def _nothing(data: bytes) -> Sniffed | None:
    if not data:
        return Sniffed("an empty file", _AGAIN)
    if len(data) >= 8 and data.count(data[:1]) == len(data):
        where = "an interrupted download, or erased flash memory"
        return Sniffed(f"{len(data)} bytes that are all 0x{data[0]:02x} ({where})", _AGAIN)
    return None


def _magic(data: bytes) -> Sniffed | None:
    for start, found, hint in MAGIC:
        if data.startswith(start):
            return Sniffed(found, hint)
    return None


def _zlib(data: bytes) -> Sniffed | None:
    if data[:1] != b"\x78":
        return None
    try:
        zlib.decompressobj().decompress(data[:_LONGEST], 64)
    except zlib.error:
        return None
    return Sniffed("a zlib stream", _UNPACK)


def _zip(data: bytes) -> Sniffed | None:
    if not data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None
    names = zip_names(data)
    for pattern, found, hint in ZIPS:
        if any(re.search(pattern, name) for name in names):
            return Sniffed(found, hint)
    inside = ", ".join(names[:5]) or "nothing readable"
    return Sniffed(f"a zip archive with {inside}", _UNPACK)


def zip_names(data: bytes) -> tuple[str, ...]:
    """Names in the zip at the end of `data`, printable, directories left out; () if there is none.

    A .tflite file may carry one behind the flatbuffer. Tables of contents over 1 MB are not read.
    """
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - 65557))
    if end < 0 or int.from_bytes(data[end + 12 : end + 16], "little") > 1 << 20:
        return ()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return ()
    return tuple(printable(name) for name in names if not name.endswith("/"))


def _saved_model(data: bytes) -> Sniffed | None:
    # Protocol buffers: field 1 (schema version) = 1, then field 2 (a MetaGraphDef).
    if data.startswith(b"\x08\x01\x12"):
        return Sniffed("the saved_model.pb of a SavedModel", f"Use the whole folder. {_CONVERT}")
    return None


def _onnx(data: bytes) -> Sniffed | None:
    # Field 1 (ir_version), then producer_name, producer_version, domain, doc_string or graph.
    if data[:1] == b"\x08" and data[2:3] in {b"\x12", b"\x1a", b"\x22", b"\x28", b"\x32", b"\x3a"}:
        return Sniffed("an ONNX model", _CONVERT)
    return None


def _graph_def(data: bytes) -> Sniffed | None:
    # Field 1 (a NodeDef) that starts with its own field 1, the node's name.
    if re.match(rb"\x0a[\x80-\xff]{0,4}[\x00-\x7f]\x0a[\x01-\x7f][A-Za-z0-9.]", data):
        hint = f"Export a SavedModel or Keras model instead of a frozen graph. {_CONVERT}"
        return Sniffed("a frozen TensorFlow graph (GraphDef .pb)", hint)
    return None


def _pickle(data: bytes) -> Sniffed | None:
    if re.match(rb"\x80[\x02-\x05][\x8a\x95}(c]", data):
        return Sniffed("a Python pickle (PyTorch .pt or .pth)", f"Export to ONNX. {_CONVERT}")
    return None


def _flatbuffer(data: bytes) -> Sniffed | None:
    if data[8:12] == b"TFL3":
        return Sniffed("a .tflite file behind 4 extra bytes (size-prefixed)", "Drop the first 4.")
    root = int.from_bytes(data[:4], "little")
    is_name = re.fullmatch(rb"[A-Za-z0-9 _]{4}", data[4:8])
    if is_name and 8 <= root < min(len(data), 1 << 16) and b"\x00" in data[:4]:
        return Sniffed(f"another flatbuffer, with the identifier {data[4:8].decode()!r}", _OTHER)
    return None


TEXTS: tuple[tuple[str, str, str], ...] = (
    (r"version https://git-lfs", "a Git LFS pointer, not the file itself",
     "Run `git lfs pull` in the repository that it comes from."),
    (r"(<\?xml[^>]*>\s*)?<(!doctype html|html|head|body)", "an HTML page (a download that failed)",
     "Open the link in a browser; on GitHub use the raw file, on Hugging Face `/resolve/`."),
    (r"<", "XML text (a download that failed?)", _AGAIN),
    (r"(?s).*\b(char|uint8_t)\s+\w+\s*\[\s*\d*\s*\]", "C source of a model",
     "Pass the .tflite file that it was made from; `xxd -r -p` turns the bytes back."),
    (r'(?s)\{.*"modelTopology"', "a TensorFlow.js model", _CONVERT),
    (r"[\[{]", "JSON text", _OTHER),
    (r"(?s)(#[^\n]*\n|\s)*(version|model|inputs|dataset)\s*:", "a YAML document",
     "The spec comes first, then the model: `edgecheck validate SPEC MODEL`."),
)  # fmt: skip
"""Pattern at the start of text -> what it is; the first that fits."""


def _text(data: bytes) -> Sniffed | None:
    text = data[:_LONGEST].decode("utf-8-sig", "ignore").lstrip()
    odd = sum(not (character.isprintable() or character.isspace()) for character in text)
    if odd or len(text.encode()) < 0.9 * len(data[:_LONGEST].strip()):
        return None
    for pattern, found, hint in TEXTS:
        if re.match(pattern, text, re.IGNORECASE):
            return Sniffed(found, hint)
    return Sniffed(f"text that starts with {text[:40]!r}", _OTHER)


LOOKS: tuple[Callable[[bytes], Sniffed | None], ...] = (
    _nothing, _magic, _zip, _zlib, _text, _saved_model, _onnx, _graph_def, _pickle, _flatbuffer,
)  # fmt: skip
"""Tried in order; the surest marks come first."""
