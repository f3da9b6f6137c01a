"""The batch normalization layers of a trained model, and what reaches them; for child processes only."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgecheck.runtime.trained.graph_norms import graph_norms
from edgecheck.runtime.trained.keras_model import KerasModel
from edgecheck.runtime.trained.model import TrainedModel
from edgecheck.runtime.trained.saved_model import SignatureModel
from edgecheck.tensors import Array


@dataclass(frozen=True)
class Norm:
    """One layer with the statistics that training stored."""

    name: str
    mean: Array
    variance: Array
    """(channels,) each."""
    epsilon: float
    axis: int
    """Of the channels, in what reaches the layer; the batch axis is counted."""


@dataclass(frozen=True)
class Tapped:
    """A model whose normalization layers can be listened to."""

    norms: tuple[Norm, ...]
    run: Callable[[Mapping[str, Array]], Iterator[tuple[int, Array]]]
    """Feeds by input name -> (number of the norm, what reached it), for one run."""


def tapped(model: TrainedModel, path: Path) -> Tapped:
    """Listen to the layers of a loaded model.

    Raises:
        ValueError: an ONNX file is too large to be changed in memory.
    """
    if isinstance(model, KerasModel):
        return _of_keras(model)
    if isinstance(model, SignatureModel):
        return _of_signature(model)
    return _of_onnx(path)


def _of_keras(model: KerasModel) -> Tapped:
    """Layers of any depth, those too that are called several times."""
    layers = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
    heard: list[tuple[int, Array]] = []
    for number, layer in enumerate(layers):
        _listen(layer, number, heard)

    def run(feeds: Mapping[str, Array]) -> Iterator[tuple[int, Array]]:
        heard.clear()
        model.infer(tuple(feeds[port.name] for port in model.description.inputs))
        yield from heard

    return Tapped(tuple(map(norm_of_layer, layers)), run)


def _listen(layer: Any, number: int, heard: list[tuple[int, Array]]) -> None:  # noqa: ANN401
    """Let a Keras layer tell what it is called with."""
    call = layer.call

    def told(inputs: Any, *others: Any, **settings: Any) -> Any:  # noqa: ANN401
        heard.append((number, np.asarray(inputs)))
        return call(inputs, *others, **settings)

    layer.call = told


def norm_of_layer(layer: Any) -> Norm:  # noqa: ANN401  (keras.layers.BatchNormalization)
    """A layer of Keras with what it stores now."""
    axis = layer.axis if isinstance(layer.axis, int) else layer.axis[0]
    stored = (np.asarray(layer.moving_mean), np.asarray(layer.moving_variance))
    return Norm(layer.name, *stored, float(layer.epsilon), axis)


def _of_signature(model: SignatureModel) -> Tapped:
    """Nodes of the graph in which variables are constants and calls are spelt out."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    frozen = convert_variables_to_constants_v2(model.function)
    nodes = list(graph_norms(frozen.graph.get_operations(), frozen.inputs))
    statistics = [tensor for node in nodes for tensor in (node.mean, node.variance)]
    stored = list(map(np.asarray, frozen.prune([], statistics)())) if nodes else []
    norms = [
        Norm(node.name, mean.ravel(), variance.ravel(), node.epsilon, node.axis(mean.shape))
        for node, mean, variance in zip(nodes, stored[::2], stored[1::2], strict=True)
    ]
    listening = frozen.prune(frozen.inputs, [node.source for node in nodes]) if nodes else None
    names = sorted(model.function.structured_input_signature[1])  # as tf.nest lays them out

    def run(feeds: Mapping[str, Array]) -> Iterator[tuple[int, Array]]:
        if listening is not None:
            pairs = zip(names, frozen.inputs, strict=True)
            taken = [tf.constant(feeds[name], tensor.dtype) for name, tensor in pairs]
            yield from enumerate(map(np.asarray, listening(*taken)))

    return Tapped(tuple(norms), run)


def _of_onnx(path: Path) -> Tapped:
    """The nodes whose statistics are stored; their inputs are made outputs of the graph."""
    import onnx
    import onnxruntime

    model = onnx.load(str(path))
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes = [
        node
        for node in model.graph.node
        if node.op_type == "BatchNormalization" and set(node.input[3:5]) <= set(stored)
    ]
    given = {port.name for port in [*model.graph.output, *model.graph.input]}
    wanted = list(dict.fromkeys(node.input[0] for node in nodes))
    float32 = onnx.TensorProto.FLOAT
    model.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, float32, None)
        for name in wanted
        if name not in given
    )
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )

    def run(feeds: Mapping[str, Array]) -> Iterator[tuple[int, Array]]:
        asked = [name for name in wanted if name not in feeds]
        found = session.run(asked, dict(feeds)) if asked else []  # no name stands for all outputs
        seen = {**feeds, **dict(zip(asked, found, strict=True))}
        yield from ((number, seen[node.input[0]]) for number, node in enumerate(nodes))

    return Tapped(tuple(norm_of_node(node, stored) for node in nodes), run)


def norm_of_node(node: Any, stored: Mapping[str, Any]) -> Norm:  # noqa: ANN401  (NodeProto)
    """A node of ONNX with what the initializers, by name, store now."""
    from onnx import numpy_helper

    epsilon = [entry.f for entry in node.attribute if entry.name == "epsilon"]
    mean, variance = (numpy_helper.to_array(stored[name]) for name in node.input[3:5])
    return Norm(node.name or node.output[0], mean, variance, [*epsilon, 1e-5][0], 1)
