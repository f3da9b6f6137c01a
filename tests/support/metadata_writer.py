"""Writes TFLite metadata (tflite-support's schema) and files behind a flatbuffer."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import flatbuffers

COLORS = {"": 0, "RGB": 1, "L": 2}


@dataclass(frozen=True)
class Said:
    """What the metadata says about one tensor."""

    name: str = ""
    mean: Sequence[float] = ()
    std: Sequence[float] = ()
    color: str = ""
    labels: Sequence[str] = ()
    """Names of label files."""


def metadata(inputs: Sequence[Said] = (), outputs: Sequence[Said] = ()) -> bytes:
    """The content of the buffer TFLITE_METADATA."""
    builder = flatbuffers.Builder(256)
    tensors = [
        _tables(builder, [_tensor(builder, said) for said in each]) for each in (inputs, outputs)
    ]
    graph = _table(builder, {2: tensors[0], 3: tensors[1]})
    name = builder.CreateString("model")
    builder.Finish(_table(builder, {0: name, 3: _tables(builder, [graph])}), b"M001")
    return bytes(builder.Output())


def with_files(model: bytes, files: Mapping[str, str]) -> bytes:
    """The model with text files packed behind it, the same bytes always."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return model + target.getvalue()


def _tensor(builder: flatbuffers.Builder, said: Said) -> int:
    fields = {0: builder.CreateString(said.name)}
    if said.color:
        image = _table(builder, {}, {0: COLORS[said.color]})
        fields[3] = _table(builder, {1: image}, {0: 2})
    if said.std:
        numbers = {0: _floats(builder, said.mean), 1: _floats(builder, said.std)}
        unit = _table(builder, {1: _table(builder, numbers)}, {0: 1})
        fields[4] = _tables(builder, [unit])
    files = [_table(builder, {0: builder.CreateString(name)}, {2: 2}) for name in said.labels]
    if files:
        fields[6] = _tables(builder, files)
    return _table(builder, fields)


def _table(
    builder: flatbuffers.Builder,
    offsets: Mapping[int, int],
    numbers: Mapping[int, int] | None = None,
) -> int:
    """A table with offsets and single bytes by the number of their field."""
    builder.StartObject(8)
    for slot, offset in offsets.items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    for slot, number in (numbers or {}).items():
        builder.PrependUint8Slot(slot, number, 0)
    return builder.EndObject()


def _tables(builder: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()


def _floats(builder: flatbuffers.Builder, values: Sequence[float]) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependFloat32(value)
    return builder.EndVector()
