"""TFLite metadata, written: what a port takes, names of classes, and where the file comes from.

The tables are those of tflite-support's metadata_schema.fbs (see `tflite.metadata`, which reads
them).
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edgecheck.errors import ModelFileInvalid
from edgecheck.tflite.edit.editor import Editor
from edgecheck.tflite.metadata import IDENTIFIER, NAME, ORIGIN, TensorMetadata
from edgecheck.tflite.reader import read_model

_NORMALIZATION, _IMAGE, _AXIS_LABELS = 1, 2, 2
_COLORS: Final = {"RGB": 1, "L": 2}
_SLOTS: Final = 10
"""Fields of the largest table."""


@dataclass(frozen=True)
class Annotations:
    """What is written into a file."""

    inputs: Sequence[TensorMetadata]
    """In the order of the inputs of the main graph."""
    outputs: Sequence[TensorMetadata]
    files: Mapping[str, str]
    """Name -> text of each file to pack behind the model, as `axis_labels` name them."""
    origin: Mapping[str, str]
    """Where the file comes from."""


def annotated(data: bytes, annotations: Annotations) -> bytes:
    """The file with metadata; what it already says about itself stays, and wins.

    Raises:
        EditImpossible: the layout of the file does not allow it.
        ModelFileInvalid: `data` is no model.
    """
    model = read_model(data)
    known = {entry.name for entry in model.metadata}
    editor = Editor(data)
    if NAME not in known:
        editor.add_metadata(NAME, _model_metadata(annotations))
    if ORIGIN not in known:
        editor.add_metadata(ORIGIN, json.dumps(dict(annotations.origin)).encode())
    result = editor.finish()
    is_new = NAME not in known and not model.associated_files
    return _packed(result, annotations.files) if is_new and annotations.files else result


def _packed(data: bytes, files: Mapping[str, str]) -> bytes:
    """The file with text files in a zip behind it; the same bytes always."""
    target = io.BytesIO(data)
    with zipfile.ZipFile(target, "a") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    result = target.getvalue()
    if set(read_model(result).associated_files) != set(files):
        raise ModelFileInvalid("packed files are lost", hint="report this as a bug in edgecheck")
    return result


def _model_metadata(annotations: Annotations) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    inputs = _tables(builder, [_tensor(builder, each) for each in annotations.inputs])
    outputs = _tables(builder, [_tensor(builder, each) for each in annotations.outputs])
    graphs = _tables(builder, [_table(builder, {2: inputs, 3: outputs})])
    builder.Finish(_table(builder, {3: graphs}), IDENTIFIER)
    return bytes(builder.Output())


def _tensor(builder: Any, said: TensorMetadata) -> int:  # noqa: ANN401  (flatbuffers.Builder)
    fields = {0: builder.CreateString(said.name)}
    if said.color is not None:
        image = _table(builder, {}, {0: _COLORS[said.color]})
        fields[3] = _table(builder, {1: image}, {0: _IMAGE})
    if said.std:
        options = _table(builder, {0: _floats(builder, said.mean), 1: _floats(builder, said.std)})
        fields[4] = _tables(builder, [_table(builder, {1: options}, {0: _NORMALIZATION})])
    names = [builder.CreateString(name) for name in said.axis_labels]
    if names:
        files = [_table(builder, {0: name}, {2: _AXIS_LABELS}) for name in names]
        fields[6] = _tables(builder, files)
    return _table(builder, fields)


def _table(
    builder: Any,  # noqa: ANN401
    references: Mapping[int, int],
    codes: Mapping[int, int] | None = None,
) -> int:
    """A table with references and single bytes, by the numbers of their fields."""
    builder.StartObject(_SLOTS)
    for slot, reference in references.items():
        builder.PrependUOffsetTRelativeSlot(slot, reference, 0)
    for slot, code in (codes or {}).items():
        builder.PrependUint8Slot(slot, code, 0)
    return int(builder.EndObject())


def _tables(builder: Any, tables: Sequence[int]) -> int:  # noqa: ANN401
    builder.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        builder.PrependUOffsetTRelative(table)
    return int(builder.EndVector())


def _floats(builder: Any, values: Sequence[float]) -> int:  # noqa: ANN401
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependFloat32(value)
    return int(builder.EndVector())
