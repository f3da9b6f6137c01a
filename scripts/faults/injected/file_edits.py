"""Edits of a .tflite file, bytes to bytes: ranges, scales, biases, weights."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgecheck.quantization import QuantParams, representable_range
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.edit.editor import Editor
from edgecheck.tflite.graph import Model, Tensor
from edgecheck.tflite.layers import layers
from edgecheck.tflite.reader import read_model
from edgecheck.tflite.recalibrate.recalibrated import recalibrated
from faults.case import Deployment

Edit = Callable[[bytes, np.random.Generator], bytes]


def edited(site: Deployment, rng: np.random.Generator, *, edit: Edit) -> Deployment:
    """With a changed copy of the candidate."""
    out = site.folder / "edited.tflite"
    out.write_bytes(edit(Path(site.candidate).read_bytes(), rng))
    return replace(site, candidate=out)


def hidden(model: Model) -> list[Tensor]:
    """Quantized activations between layers: what a layer makes and another one takes."""
    graph = model.subgraphs[0]
    taken = {layer.source.index for layer in layers(model)}
    made = {layer.output.index for layer in layers(model)}
    outer = {*graph.inputs, *graph.outputs}
    return [t for t in graph.tensors if t.index in taken & made - outer]


def ranged(data: bytes, rng: np.random.Generator, *, factor: float) -> bytes:
    """The range of one hidden activation times a factor; biases follow."""
    model = read_model(data)
    tensor = hidden(model)[int(rng.integers(len(hidden(model))))]
    assert tensor.quantization is not None
    low, high = representable_range(tensor.quantization, tensor.dtype)
    return recalibrated(data, model, {(0, tensor.index): (factor * low, factor * high)})


def without_scale(data: bytes, rng: np.random.Generator, *, scale: float) -> bytes:
    """The scale of one hidden activation becomes one that means nothing."""
    model = read_model(data)
    tensor = hidden(model)[int(rng.integers(len(hidden(model))))]
    assert tensor.quantization is not None
    editor = Editor(data)
    editor.set_quantization(0, tensor.index, [scale], tensor.quantization.zero_points)
    return editor.finish()


def copied_with(data: bytes, _rng: np.random.Generator, *, factor: float) -> bytes:
    """The output of a RESHAPE, which copies codes, gets another scale than its input."""
    graph = read_model(data).subgraphs[0]
    found = next(op for op in graph.operators if op.name == "RESHAPE")
    tensor = graph.tensors[found.outputs[0]]
    params = tensor.quantization
    assert params is not None
    editor = Editor(data)
    editor.set_quantization(0, tensor.index, [factor * params.scales[0]], params.zero_points)
    return editor.finish()


def with_clipped_bias(data: bytes, rng: np.random.Generator) -> bytes:
    """Every third bias of a layer stands at the end of int32, as where it was too large for it."""
    found = [layer for layer in layers(read_model(data)) if layer.bias is not None]
    layer = found[int(rng.integers(len(found)))]
    bias = layer.bias
    assert bias is not None
    stored = Constants.of(data).stored(bias)
    assert stored is not None
    codes = stored.copy()
    codes[::3] = np.where(codes[::3] < 0, -(2**31), 2**31 - 1)
    editor = Editor(data)
    editor.set_buffer(0, bias.index, codes.tobytes())
    return editor.finish()


def with_layer_times(
    data: bytes, rng: np.random.Generator, *, factor: float, is_bias: bool
) -> bytes:
    """One layer of the candidate is another than in the reference.

    With `is_bias` its biases times a factor; else weights and bias of one channel, or of all where
    there is one scale for all.
    """
    found = [layer for layer in layers(read_model(data)) if layer.bias is not None]
    layer = found[int(rng.integers(len(found)))]
    weights, bias = layer.weights, layer.bias
    assert bias is not None
    params = weights.quantization
    assert params is not None
    channel = int(rng.integers(len(params.scales)))
    editor = Editor(data)
    if is_bias:
        stored = Constants.of(data).stored(bias)
        assert stored is not None
        clipped = np.clip(stored * factor, -(2**30), 2**30).astype("<i4")
        editor.set_buffer(0, bias.index, clipped.tobytes())
        return editor.finish()
    for tensor in (weights, bias):
        assert tensor.quantization is not None
        editor.set_quantization(0, tensor.index, *_times(tensor.quantization, channel, factor))
    return editor.finish()


def _times(params: QuantParams, channel: int, factor: float) -> tuple[list[float], list[int]]:
    scales = list(params.scales)
    scales[channel % len(scales)] *= factor
    return scales, list(params.zero_points)


def with_constant(data: bytes, rng: np.random.Generator, *, value: float) -> bytes:
    """One element of the float weights of one layer."""
    found = list(layers(read_model(data)))
    weights = found[int(rng.integers(len(found)))].weights
    stored = Constants.of(data).stored(weights)
    assert stored is not None
    assert stored.dtype == np.float32
    changed = stored.copy()
    changed.reshape(-1)[int(rng.integers(changed.size))] = value
    editor = Editor(data)
    editor.set_buffer(0, weights.index, changed.tobytes())
    return editor.finish()
