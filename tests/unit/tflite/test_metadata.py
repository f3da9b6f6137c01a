import io
import random
import zipfile

import numpy as np
import pytest
from metadata_writer import Said, metadata, with_files
from models import TensorDef, build_model

from edgecheck.tflite.metadata import MAX_FILE_BYTES, packed_labels, read_metadata
from edgecheck.tflite.reader import read_model

IMAGE = Said("image", [127.5, 1, 2], [127.5, 3, 4], "RGB")
SCORES = Said("scores", labels=["labels.txt", "de.txt"])


def model(raw=None, name="TFLITE_METADATA"):
    entries = {} if raw is None else {name: raw}
    return build_model([TensorDef("input", (1, 2))], [], [0], [0], metadata=entries)


def read(data):
    return read_metadata(data, read_model(data))


def test_what_was_written_is_read():
    found = read(model(metadata([IMAGE, Said("gray", color="L")], [SCORES])))
    image, gray = found.inputs
    assert (image.name, image.mean, image.std) == ("image", (127.5, 1, 2), (127.5, 3, 4))
    assert (image.color, gray.color, gray.mean, gray.std) == ("RGB", "L", (), ())
    assert found.outputs[0].axis_labels == ("labels.txt", "de.txt")


@pytest.mark.parametrize(
    "data",
    [
        model(),
        model(metadata([IMAGE]), "other"),
        model(b"\x10\0\0\0XXXX" + bytes(40)),
        model(b"M001"),
    ],
)
def test_files_without_metadata_have_none(data):
    assert read(data) is None


def test_metadata_without_subgraphs_is_empty():
    found = read(model(metadata()))
    assert (found.inputs, found.outputs) == ((), ())


def test_damaged_metadata_never_raises():
    whole = metadata([IMAGE], [SCORES])
    drawn = random.Random(0)
    for length in range(len(whole)):
        read(model(whole[:length]))
    for _ in range(1500):
        damaged = bytearray(whole)
        for _ in range(drawn.randint(1, 4)):
            damaged[drawn.randrange(8, len(whole))] = drawn.choice([0, 1, 127, 128, 255])
        read(model(bytes(damaged)))


def test_lines_of_a_packed_file_are_labels():
    data = with_files(model(), {"labels.txt": "cat \r\n\nd\x1b[1mog\n\n"})
    assert packed_labels(data, "labels.txt") == ("cat", "", "d\\x1b[1mog")
    assert packed_labels(data, "other.txt") is None
    assert packed_labels(model(), "labels.txt") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"names": {"0": "cat", "10": "bird", "2": "dog"}}', ("cat", "dog", "bird")),
        ('{"names": ["cat", "dog"]}', ("cat", "dog")),
        ('{"names": {"x": "cat"}}', None),
        ('{"names": [1, 2]}', None),
        ('{"stride": 32}', None),
        ("[" * 100_000, None),
        ("{", None),
    ],
)
def test_names_in_json_are_labels(text, expected):
    assert packed_labels(with_files(model(), {"metadata.json": text}), "metadata.json") == expected


def test_a_bomb_is_not_unpacked():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.txt", bytes(MAX_FILE_BYTES + 1))
    packed = target.getvalue()
    assert packed_labels(model() + packed, "labels.txt") is None
    lie = packed.replace((MAX_FILE_BYTES + 1).to_bytes(4, "little"), (9).to_bytes(4, "little"))
    assert packed_labels(model() + lie, "labels.txt") is None


def test_numbers_are_those_of_float32():
    said = Said("x", [0.1], [np.pi])
    found = read(model(metadata([said]))).inputs[0]
    assert (found.mean[0], found.std[0]) == (np.float32(0.1), np.float32(np.pi))
