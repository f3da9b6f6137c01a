"""What a .tflite file computes, straight from LiteRT: the benchmark's own eyes, not edgecheck's."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faults.case import Array, Rows, Untyped
from faults.child import litert


def outputs_of(model: Path, rows: Rows) -> dict[str, Array]:
    """Run a file on samples, in a child.

    Args:
        model: a .tflite file.
        rows: real values (n, ...) by input name; any name where there is only one.

    Returns:
        Real values (n, ...) by output name, float64; codes are dequantized.

    Raises:
        ChildFailed: the file cannot be loaded or run.
    """
    with tempfile.TemporaryDirectory() as folder:
        fed, out = Path(folder, "fed.npz"), Path(folder, "out.npz")
        np.savez(fed, **rows)
        litert().call("faults.running:run", model=model, fed=fed, out=out)
        with np.load(out) as found:
            return {name: found[name] for name in found.files}


def run(model: str, fed: str, out: str) -> None:
    """In the child: as `outputs_of`, from file to file."""
    from ai_edge_litert.interpreter import Interpreter

    with np.load(fed) as found:
        rows = {name: found[name] for name in found.files}
    interpreter = Interpreter(model_path=model, num_threads=1)
    sources = _ports(interpreter, "inputs", interpreter.get_input_details())
    if len(sources) == len(rows) == 1:
        sources = dict(zip(rows, sources.values(), strict=True))
    for name, port in sources.items():
        interpreter.resize_tensor_input(port["index"], [1, *rows[name].shape[1:]])
    interpreter.allocate_tensors()
    sinks = _ports(interpreter, "outputs", interpreter.get_output_details())
    made: dict[str, list[Array]] = {name: [] for name in sinks}
    for number in range(len(next(iter(rows.values())))):
        interpreter.reset_all_variables()
        for name, port in sources.items():
            interpreter.set_tensor(port["index"], quantized(rows[name][number][None], port))
        interpreter.invoke()
        for name, port in sinks.items():
            made[name].append(dequantized(interpreter.get_tensor(port["index"])[0], port))
    np.savez(out, **{name: np.stack(values) for name, values in made.items()})


@dataclass(frozen=True)
class Coding:
    """How an input or output of a file is stored."""

    dtype: str
    scale: float
    """0 where it is not quantized."""
    zero_point: int


def codings_of(model: Path) -> tuple[dict[str, Coding], dict[str, Coding]]:
    """(inputs, outputs) of a file by name; in a child.

    Raises:
        ChildFailed: the file cannot be loaded.
    """
    found = litert().call("faults.running:codings", model=model)
    inputs, outputs = ({name: Coding(*each) for name, each in side.items()} for side in found)
    return inputs, outputs


def codings(model: str) -> list[dict[str, tuple[str, float, int]]]:
    """In the child: as `codings_of`."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=model, num_threads=1)
    interpreter.allocate_tensors()
    sides = {
        "inputs": interpreter.get_input_details(),
        "outputs": interpreter.get_output_details(),
    }
    return [
        {name: _coding(port) for name, port in _ports(interpreter, side, details).items()}
        for side, details in sides.items()
    ]


def _coding(port: dict[str, Untyped]) -> tuple[str, float, int]:
    scale, zero_point = port["quantization"]
    return np.dtype(port["dtype"]).name, float(scale), int(zero_point)


def _ports(
    interpreter: Untyped, side: str, details: list[dict[str, Untyped]]
) -> dict[str, dict[str, Untyped]]:
    """By name of the signature where there is one, which repeats in every format."""
    signatures = interpreter.get_signature_list()
    if not signatures:
        return {port["name"]: port for port in details}
    names = next(iter(signatures.values()))[side]
    runner = interpreter.get_signature_runner()
    listed = runner.get_input_details() if side == "inputs" else runner.get_output_details()
    by_index = {port["index"]: port for port in details}
    return {name: by_index[listed[name]["index"]] for name in names}


def quantized(real: Array, port: dict[str, Untyped]) -> Array:
    """Codes of real values, or float32 where the port is not quantized."""
    scale, zero_point = port["quantization"]
    if scale == 0:
        return real.astype(port["dtype"])
    limits = np.iinfo(port["dtype"])
    codes = np.rint(real / np.float32(scale)) + zero_point
    return np.asarray(np.clip(codes, limits.min, limits.max), port["dtype"])


def dequantized(codes: Array, port: dict[str, Untyped]) -> Array:
    """Real values of codes, float64."""
    scale, zero_point = port["quantization"]
    real = np.asarray(codes, np.float64)
    return real if scale == 0 else (real - zero_point) * scale
