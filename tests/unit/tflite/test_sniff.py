import bz2
import gzip
import io
import lzma
import pickle
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import identity

from edgecheck.tflite.sniff import MAGIC, sniff, zip_names

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
NODE = b"\x0a\x1d\x0a\x05input\x12\x0bPlaceholder"


def zip_of(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"content")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "found", "hint"),
    [
        (b"", "empty file", "again"),
        (LFS, "Git LFS pointer", "git lfs pull"),
        (b"<!DOCTYPE html>\n<html><body>404", "HTML page", "browser"),
        (b'<?xml version="1.0"?>\n<html>', "HTML page", "browser"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied", "XML text", "again"),
        (bytes(4096), "all 0x00", "again"),
        (b"\xff" * 4096, "all 0xff", "again"),
        (gzip.compress(identity(), mtime=0), "gzip", "Unpack"),
        (zlib.compress(identity()), "zlib", "Unpack"),
        (lzma.compress(identity()), "xz", "Unpack"),
        (bz2.compress(identity()), "bzip2", "Unpack"),
        (zip_of("model.tflite", "labels.txt"), "zip archive with a .tflite", "Unpack"),
        (zip_of("metadata.json", "config.json", "model.weights.h5"), ".keras", "TFLiteConverter"),
        (zip_of("m/saved_model.pb", "m/variables/v"), "zipped SavedModel", "Unzip"),
        (zip_of("archive/data.pkl", "archive/version"), "PyTorch", "ONNX"),
        (zip_of("x.npy", "y.npy"), "npz", "spec"),
        (zip_of("a.bin"), "zip archive with a.bin", "Unpack"),
        (zip_of("a.bin")[:30], "nothing readable", "Unpack"),
        (b"\x89HDF\r\n\x1a\n" + bytes(80), "HDF5", "TFLiteConverter"),
        (b"\x08\x01\x12\xa0\x1f\x0a", "SavedModel", "folder"),
        (b"\x08\x08\x12\x07pytorch\x1a\x051.13.1", "ONNX", "TFLiteConverter"),
        (NODE, "GraphDef", "SavedModel"),
        (pickle.dumps({"weight": [1.0]}, protocol=2), "pickle", "ONNX"),
        (b'{"modelTopology": {}}', "TensorFlow.js", "TFLiteConverter"),
        (b'{"a": 1}', "JSON", "device"),
        (b"version: 1\nmodel:\n  task: classification\n", "YAML", "SPEC MODEL"),
        (b"const unsigned char g_model[] = {0x1c, 0x00};", "C source", "made from"),
        (b"cat\ndog\nbird\n", "text that starts with 'cat", "device"),
        (b"\x14\x00\x00\x00FBIN" + bytes(40), "flatbuffer, with the identifier 'FBIN'", "device"),
        (b"\xd0\x02\x00\x00" + identity(), "size-prefixed", "first 4"),
        (b"\x1c", "unknown data of 1 bytes", "device"),
        (b"\xf1\xa2\x03\x99" * 7, "unknown data of 28 bytes", "device"),
    ],
)  # fmt: skip
def test_what_is_no_model_is_named_with_advice(data, found, hint):
    result = sniff(data)
    assert found in result.found
    assert hint in result.hint


@pytest.mark.parametrize("start", [start for start, _, _ in MAGIC])
def test_every_mark_of_the_table_is_reached(start):
    expected = next(found for mark, found, _ in MAGIC if mark == start)
    assert sniff(start + b"\0\x81\xfe").found == expected


@given(st.binary(max_size=200) | st.sampled_from(MAGIC).map(lambda row: row[0]))
def test_any_bytes_get_a_name_and_advice(data):
    result = sniff(data)
    assert result.found.isprintable()
    assert result.hint


def test_names_in_a_zip_behind_a_model_are_listed_without_folders():
    assert zip_names(identity() + zip_of("labels.txt", "d/", "\x1b.txt")) == (
        "labels.txt",
        "\\x1b.txt",
    )
    assert zip_names(identity()) == ()


def test_a_table_of_contents_that_claims_too_much_is_not_read():
    data = bytearray(zip_of("labels.txt"))
    data[-10:-6] = (2 << 20).to_bytes(4, "little")
    assert zip_names(bytes(data)) == ()
