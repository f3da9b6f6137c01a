"""ONNX files in onnxruntime; for child processes only."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from edgecheck.runtime.trained.description import Description, TrainedPort
from edgecheck.runtime.trained.refusal import CodeRefused
from edgecheck.tensors import Array

_MOST_BYTES = 1 << 31
"""Protocol buffers end here; larger models keep their weights in other files."""
_DOMAINS = re.compile(r"|ai\.onnx(\..+)?|com\.microsoft(\.(nchwc|nhwc|experimental))?")
_DTYPES = {
    "float": "float32",
    "double": "float64",
    **{name: name for name in ("float16", "bool", "string", "bfloat16")},
    **{f"{u}int{bits}": f"{u}int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64)},
}


class OnnxModel:
    """An ONNX file on the CPU, as `TrainedModel` has it."""

    def __init__(self, path: Path, *, allow_code: bool) -> None:
        """Load it.

        Raises:
            CodeRefused: it needs operators from outside, or reads weights outside its folder.
            ImportError: onnx or onnxruntime is not installed.
            ValueError: it is no ONNX file; onnxruntime raises others, too.
        """
        import onnxruntime

        fake_quantizers = _looked_through(path, allow_code=allow_code)
        self._session = onnxruntime.InferenceSession(
            str(path.resolve()), providers=["CPUExecutionProvider"]
        )
        self.description = Description(
            format="onnx",
            inputs=tuple(map(_port, self._session.get_inputs())),
            outputs=tuple(map(_port, self._session.get_outputs())),
            fake_quantizers=fake_quantizers,
        )

    def run(self, feeds: Mapping[str, Array]) -> Mapping[str, Array]:
        """One run of any number of rows, as far as the batch axis is open."""
        names = [port.name for port in self.description.outputs]
        return dict(zip(names, self._session.run(names, dict(feeds)), strict=True))

    def forget(self) -> None:
        """An ONNX file keeps nothing from run to run."""


def _looked_through(path: Path, *, allow_code: bool) -> int:
    """How many fake quantizers a file has; the parsed file is let go before it is loaded."""
    model = _parsed(path)
    if not allow_code:
        _scan(model, path.parent)
    return _fake_quantizers(model.graph)


def scan_onnx(path: Path) -> None:
    """Look through a file before onnxruntime does.

    Raises:
        CodeRefused: it needs operators from outside, or reads weights outside its folder.
        ValueError: it is no ONNX file.
    """
    _scan(_parsed(path), path.parent)


def _parsed(path: Path) -> Any:  # noqa: ANN401  (ModelProto)
    import onnx
    from google.protobuf.message import DecodeError

    try:
        if path.stat().st_size >= _MOST_BYTES:
            raise ValueError("it is larger than a protocol buffer can be")
        return onnx.load_model_from_string(path.read_bytes())
    except (OSError, DecodeError) as error:
        raise ValueError(f"it is no ONNX file: {error}") from None


def _scan(model: Any, folder: Path) -> None:  # noqa: ANN401
    own = {function.domain for function in model.functions}
    for message in _messages(model):
        kind = type(message).__name__
        if kind == "NodeProto" and not _is_known(message.domain, own):
            what = f"its operator {message.op_type!r} of the domain {message.domain!r}"
            raise CodeRefused(f"{what} is code in a library outside the file")
        if kind == "TensorProto":
            _require_inside(message, folder)


def _fake_quantizers(graph: Any) -> int:  # noqa: ANN401  (GraphProto)
    """Values that are turned into codes and right back."""
    codes = {
        name for node in graph.node if node.op_type == "QuantizeLinear" for name in node.output
    }
    back = (node for node in graph.node if node.op_type == "DequantizeLinear")
    return sum(node.input[0] in codes for node in back if node.input)


def _messages(root: Any) -> Iterator[Any]:  # noqa: ANN401  (ModelProto)
    """Every graph, node and tensor at any depth."""
    waiting = [root.graph, *root.functions, root]
    while waiting:
        message = waiting.pop()
        yield message
        kind = type(message).__name__
        if kind == "TensorProto":
            continue
        for field, value in message.ListFields():
            if field.message_type is None or (message is root and field.name != "training_info"):
                continue
            waiting += [value] if hasattr(value, "ListFields") else list(value)


def _is_known(domain: str, own: set[str]) -> bool:
    return domain in own or _DOMAINS.fullmatch(domain) is not None


def _require_inside(tensor: Any, folder: Path) -> None:  # noqa: ANN401  (TensorProto)
    """Refuse weights in a file that does not lie below the folder of the model."""
    for entry in tensor.external_data:
        if entry.key != "location":
            continue
        inside = PurePosixPath(entry.value.replace("\\", "/"))
        base = folder.resolve()
        is_inside = (
            not inside.is_absolute() and ".." not in inside.parts and "\0" not in str(inside)
        )
        if not is_inside or not (base / inside).resolve().is_relative_to(base):
            raise CodeRefused(f"its weights {tensor.name!r} lie outside its folder: {entry.value}")


def _port(value: Any) -> TrainedPort:  # noqa: ANN401  (NodeArg)
    held = re.fullmatch(r"tensor\((\w+)\)", value.type)
    if held is None or value.shape is None:
        raise ValueError(f"{value.name!r} is a {value.type}, not an array of known axes")
    shape = tuple(size if isinstance(size, int) and size >= 0 else -1 for size in value.shape)
    return TrainedPort(value.name, shape, _DTYPES.get(held[1], held[1]))
