"""From the bytes of a .tflite file to the views in `graph`.

The bytes are verified first (`verifier`), so that the generated flatbuffer classes can be used.
Whatever makes reading unsafe (an index that leads nowhere) is refused. Odd quantization is kept:
a runtime may refuse it, microcontrollers run it, and a check can only name what it sees.
"""

import hashlib
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tflite

from edgecheck.errors import InputMissing, ModelFileInvalid
from edgecheck.quantization import QuantParams
from edgecheck.tensors import dtype_name
from edgecheck.tflite.buffers import Span, buffer_spans
from edgecheck.tflite.graph import Metadata, Model, Operator, Signature, Subgraph, Tensor
from edgecheck.tflite.names import printable
from edgecheck.tflite.sniff import sniff, zip_names
from edgecheck.tflite.verifier import IDENTIFIER, verify

MAX_RANK = 64
"""numpy's own limit; TFLite's kernels end at 8 or below."""

BUILTIN_NAMES: Mapping[int, str] = {
    code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)
}
"""BuiltinOperator code -> name, as far as the installed schema knows."""


def load_model(path: Path) -> tuple[bytes, Model]:
    """Read a file: its bytes, and what is in it.

    Raises:
        InputMissing: there is no such file, it is a folder, or it may not be read.
        ModelFileInvalid: as `read_model`.
    """
    shown = printable(str(path))
    try:
        if path.is_dir():
            what = f"{shown} is a folder, expected a .tflite file"
            raise InputMissing(what, hint=_folder_hint(path))
        if path.exists() and not path.is_file():  # a device may never end
            what = f"{shown} is a device or a pipe, expected a .tflite file"
            raise InputMissing(what, hint="Give the path of a regular file.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputMissing(f"{shown} does not exist", hint="Check the path of the model.") from None
    except (OSError, ValueError) as error:
        reason = printable(getattr(error, "strerror", None) or str(error))
        raise InputMissing(f"{shown} cannot be read: {reason}", hint="Check the file.") from None
    return data, read_model(data)


def read_model(data: bytes) -> Model:
    """Everything that edgecheck reads of a file; constants stay in `data` (see `buffers`).

    Raises:
        ModelFileInvalid: `data` is something else, is damaged, or refers to tensors, buffers,
            operator codes or subgraphs that it does not have.
    """
    if data[4:8] != IDENTIFIER:
        found, hint = sniff(data)
        raise ModelFileInvalid(found, hint=hint)
    verify(data)
    root = tflite.Model.GetRootAs(data)
    spans = buffer_spans(data)
    codes = tuple(_operator_code(code) for code in _each(root, "OperatorCodes"))
    subgraphs = _subgraphs(root, codes, spans)
    entries = _metadata(root, spans)
    return Model(
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        schema_version=root.Version(),
        description=printable(root.Description() or b""),
        subgraphs=subgraphs,
        signatures=tuple(_signature(item, subgraphs) for item in _each(root, "SignatureDefs")),
        metadata=tuple(Metadata(name, span.size) for name, span in entries),
        min_runtime_version=_min_runtime_version(entries, data),
        associated_files=zip_names(data),
        operator_codes=codes,
    )


def _folder_hint(path: Path) -> str:
    if (path / "saved_model.pb").exists():
        return "This is a SavedModel: tf.lite.TFLiteConverter.from_saved_model makes the file."
    return "Name the .tflite file in it."


def _each(owner: object, field: str) -> Iterable[Any]:
    """The elements of a vector of tables of a generated class."""
    get = getattr(owner, field)
    return (get(index) for index in range(getattr(owner, f"{field}Length")()))


def _numbers(owner: object, field: str) -> tuple[Any, ...]:
    """A vector of numbers of a generated class; () where it is absent."""
    values = getattr(owner, f"{field}AsNumpy")()
    return tuple(values.tolist()) if isinstance(values, np.ndarray) else ()


def _within(index: int, count: int, what: str, where: str) -> int:
    if not 0 <= index < count:
        raise ModelFileInvalid(
            f"{where} refers to {what} {index} of {count}",
            hint="The file contradicts itself: convert the model again.",
        )
    return index


def _subgraphs(
    root: tflite.Model, codes: tuple[Operator, ...], spans: tuple[Span, ...]
) -> tuple[Subgraph, ...]:
    subgraphs = tuple(
        _subgraph(index, graph, codes, spans)
        for index, graph in enumerate(_each(root, "Subgraphs"))
    )
    if not subgraphs:
        raise ModelFileInvalid("it has no subgraph", hint="Convert the model again.")
    return subgraphs


def _subgraph(
    index: int, graph: tflite.SubGraph, codes: tuple[Operator, ...], spans: tuple[Span, ...]
) -> Subgraph:
    where = f"subgraph {index}"
    tensors = tuple(
        _tensor(number, tensor, spans, f"tensor {number} of {where}")
        for number, tensor in enumerate(_each(graph, "Tensors"))
    )
    count = len(tensors)
    return Subgraph(
        index=index,
        name=printable(graph.Name() or b""),
        tensors=tensors,
        operators=tuple(
            _operator(number, operator, codes, count, f"operator {number} of {where}")
            for number, operator in enumerate(_each(graph, "Operators"))
        ),
        inputs=_tensor_indices(graph, "Inputs", count, where),
        outputs=_tensor_indices(graph, "Outputs", count, where),
    )


def _tensor_indices(owner: object, field: str, count: int, where: str) -> tuple[int, ...]:
    indices = _numbers(owner, field)
    for index in indices:
        _within(index, count, "tensor", where)
    return indices


def _operator_code(code: tflite.OperatorCode) -> Operator:
    """What operators with this code have in common, as an operator without tensors."""
    number = _builtin_code(code)
    is_custom = number == tflite.BuiltinOperator.CUSTOM
    name = BUILTIN_NAMES.get(number, f"BUILTIN_{number}")
    if is_custom:
        name = printable(code.CustomCode() or b"") or name
    return Operator(-1, name, code.Version(), (), (), is_custom)


def _builtin_code(code: tflite.OperatorCode) -> int:
    """The larger of the two code fields: the older one ends at 127 (schema_utils.cc).

    The generated `BuiltinCode()` prefers the older field below 127, which is 0 in files written by
    tools that fill only the newer one: every operator would turn into ADD.
    """
    table = code._tab
    offset = table.Offset(10)
    (newer,) = struct.unpack_from("<i", table.Bytes, table.Pos + offset) if offset else (0,)
    return max(int(code.DeprecatedBuiltinCode()), int(newer))


def _operator(
    index: int, operator: tflite.Operator, codes: tuple[Operator, ...], count: int, where: str
) -> Operator:
    code = codes[_within(operator.OpcodeIndex(), len(codes), "operator code", where)]
    inputs = _numbers(operator, "Inputs")
    for tensor in inputs:
        if tensor != -1:
            _within(tensor, count, "tensor", where)
    outputs = _tensor_indices(operator, "Outputs", count, where)
    return Operator(index, code.name, code.version, inputs, outputs, code.is_custom)


def _tensor(index: int, tensor: tflite.Tensor, spans: tuple[Span, ...], where: str) -> Tensor:
    shape = _numbers(tensor, "Shape")
    if len(shape) > MAX_RANK:
        found = f"{where} has {len(shape)} dimensions, expected at most {MAX_RANK}"
        raise ModelFileInvalid(found, hint="Convert the model again.")
    signature = _numbers(tensor, "ShapeSignature")
    buffer = tensor.Buffer()
    if buffer or spans:
        _within(buffer, len(spans), "buffer", where)
    return Tensor(
        index=index,
        name=printable(tensor.Name() or b""),
        shape=shape,
        shape_signature=signature if len(signature) == len(shape) else shape,
        dtype=dtype_name(tensor.Type()),
        quantization=_quantization(tensor.Quantization()),
        buffer=buffer,
        is_constant=bool(spans) and spans[buffer].size > 0,
        is_variable=tensor.IsVariable(),
    )


def _quantization(stored: tflite.QuantizationParameters | None) -> QuantParams | None:
    """Scales and zero points as they are stored, except that there is one zero point per scale.

    A single zero point holds for all scales (as in TFLite's own reader); missing ones are 0 and
    surplus ones are dropped. `quantized_dimension` may lie outside the shape.
    """
    scales = _numbers(stored, "Scale") if stored is not None else ()
    if stored is None or not scales:
        return None
    zero_points = _numbers(stored, "ZeroPoint")
    if len(zero_points) == 1:
        zero_points *= len(scales)
    padded = (*zero_points, *[0] * (len(scales) - len(zero_points)))[: len(scales)]
    return QuantParams(scales, padded, stored.QuantizedDimension())


def _signature(stored: tflite.SignatureDef, subgraphs: tuple[Subgraph, ...]) -> Signature:
    key = printable(stored.SignatureKey() or b"")
    where = f"signature {key!r}"
    subgraph = _within(stored.SubgraphIndex(), len(subgraphs), "subgraph", where)
    count = len(subgraphs[subgraph].tensors)
    inputs, outputs = (
        {
            printable(item.Name() or b""): _within(item.TensorIndex(), count, "tensor", where)
            for item in _each(stored, field)
        }
        for field in ("Inputs", "Outputs")
    )
    return Signature(key, subgraph, inputs, outputs)


def _metadata(root: tflite.Model, spans: tuple[Span, ...]) -> list[tuple[str, Span]]:
    entries = []
    for item in _each(root, "Metadata"):
        name = printable(item.Name() or b"")
        where = f"metadata {name!r}"
        entries.append((name, spans[_within(item.Buffer(), len(spans), "buffer", where)]))
    return entries


def _min_runtime_version(entries: list[tuple[str, Span]], data: bytes) -> str | None:
    """Text padded with zeros to 16 bytes, under the name that the converter gives it."""
    for name, span in entries:
        if name == "min_runtime_version":
            return printable(bytes(span.of(data)[:16]).rstrip(b"\0")) or None
    return None
