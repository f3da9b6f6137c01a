"""A quantized file with other activation ranges, written in place.

Only the parameters of per-tensor activations change, and what depends on them: the biases of
layers, which are stored in steps of input scale times weight scale, and constants that share the
parameters of an activation. Weights (but for a channel whose bias has no room otherwise),
constants with parameters of their own, LSTMs (all their inputs, outputs and states), variables,
custom operators and everything else that `same_scale.groups` calls fixed keep every byte.
"""

from collections import Counter
from collections.abc import Mapping

from edgecheck.quantization import QuantParams, dequantize, quantize
from edgecheck.tflite.calls import Key
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.edit.editor import Editor
from edgecheck.tflite.graph import Model, Tensor
from edgecheck.tflite.layers import Layer
from edgecheck.tflite.recalibrate.activation_ranges import Range, changed_params
from edgecheck.tflite.recalibrate.biases import Requantized, requantized_bias
from edgecheck.tflite.recalibrate.same_scale import integer_layers


class BiasOverflow(Exception):
    """A bias does not fit its type in steps of the wanted input scale times the weight scale.

    `tensor` and `source` are (subgraph, tensor) of the bias and of the input whose range is too
    narrow for it: without a range for the group of `source`, the layer keeps its bias.
    """

    def __init__(self, name: str, tensor: Key, source: Key) -> None:
        shown = name or f"in tensor {tensor[1]}"
        super().__init__(f"bias {shown} does not fit: the range of its layer's input is too narrow")
        self.name = name
        self.tensor = tensor
        self.source = source


def recalibrated(data: bytes, model: Model, ranges: Mapping[Key, Range]) -> bytes:
    """The file with the parameters that `ranges` give; the same bytes where none change.

    Args:
        data: the file.
        model: `read_model(data)`.
        ranges: (subgraph, tensor) -> lowest and highest real value of an activation. See
            `activation_ranges.changed_params` for what becomes of them; `changed_ports` tells
            which inputs and outputs callers must feed and read in other steps.

    Raises:
        BiasOverflow: a range is too narrow for a bias.
        EditImpossible: the layout of the file does not allow the edit.
        ValueError: a range is not finite, or its ends are in the wrong order.
    """
    writer = _Writer(data, model, changed_params(data, model, ranges))
    writer.write_activations()
    for graph, layer in integer_layers(model):
        if layer.bias is not None and writer.reads_changed(graph, layer):
            writer.write_bias(graph, layer, layer.bias)
    return writer.editor.finish()


def with_matching_biases(data: bytes, model: Model) -> bytes:
    """The file with every bias in steps of input scale times weight scale, as kernels take it.

    The real values are those that the stored scales give. Nothing else changes, but for the weights
    of a channel whose bias has no room otherwise; the same bytes where all match already.

    Args:
        data: the file.
        model: `read_model(data)`.

    Raises:
        BiasOverflow: a bias does not fit.
        EditImpossible: the layout of the file does not allow the edit.
    """
    writer = _Writer(data, model, {})
    for graph, layer in integer_layers(model):
        if layer.bias is not None and writer.is_off(graph, layer, layer.bias):
            writer.write_bias(graph, layer, layer.bias)
    return writer.editor.finish()


class _Writer:
    """Edits of one file for the parameters that change."""

    def __init__(self, data: bytes, model: Model, changed: Mapping[Key, QuantParams]) -> None:
        self.editor = Editor(data)
        self._constants = Constants.of(data)
        self._model = model
        self._changed = changed
        self._uses = Counter(
            (graph.index, index)
            for graph in model.subgraphs
            for operator in graph.operators
            for index in operator.inputs
        )

    def reads_changed(self, graph: int, layer: Layer) -> bool:
        read = {(graph, layer.source.index), (graph, layer.weights.index)}
        return not read.isdisjoint(self._changed)

    def write_activations(self) -> None:
        """New parameters, and new codes of the constants among them."""
        for key, params in self._changed.items():
            tensor = self._model.subgraphs[key[0]].tensors[key[1]]
            self.editor.set_quantization(*key, params.scales, params.zero_points)
            codes = self._constants.stored(tensor)
            if codes is not None and tensor.quantization is not None:
                real = dequantize(codes, tensor.quantization)
                self.editor.set_buffer(*key, quantize(real, params, tensor.dtype).tobytes())

    def is_off(self, graph: int, layer: Layer, bias: Tensor) -> bool:
        """Whether a stored bias has other codes than `write_bias` would give it."""
        stored, new = self._constants.stored(bias), self._requantized(graph, layer, bias)
        return stored is not None and new is not None and bool((stored.ravel() != new.codes).any())

    def write_bias(self, graph: int, layer: Layer, bias: Tensor) -> None:
        """New codes and scales; layers that share a bias write the same twice."""
        weights, new = self._params(graph, layer.weights), self._requantized(graph, layer, bias)
        if weights is None or new is None:
            return
        self.editor.set_buffer(graph, bias.index, new.codes.tobytes())
        if new.scales is not None and bias.quantization is not None:
            zeros = bias.quantization.zero_points
            self.editor.set_quantization(graph, bias.index, new.scales, zeros)
        if tuple(new.weight_scales.tolist()) != weights.scales:
            self._write_weights(graph, layer, new)

    def _requantized(self, graph: int, layer: Layer, bias: Tensor) -> Requantized | None:
        """The bias for the wanted parameters; None where there are none."""
        source, weights = (self._params(graph, item) for item in (layer.source, layer.weights))
        if source is None or weights is None:
            return None
        may_widen = self._may_widen(graph, layer, bias)
        new = requantized_bias(self._constants, layer, source, weights, may_widen=may_widen)
        if new is None:
            raise BiasOverflow(bias.name, (graph, bias.index), (graph, layer.source.index))
        return new

    def _params(self, graph: int, tensor: Tensor) -> QuantParams | None:
        return self._changed.get((graph, tensor.index), tensor.quantization)

    def _may_widen(self, graph: int, layer: Layer, bias: Tensor) -> bool:
        """The weights have a scale for each channel, and no one else reads them or the bias."""
        params = layer.weights.quantization
        keys = (graph, layer.weights.index), (graph, bias.index)
        return (
            params is not None
            and params.is_per_channel
            and params.quantized_dimension == layer.axis
            and not any(params.zero_points)
            and layer.weights.dtype == "int8"
            and self._constants.stored(layer.weights) is not None
            and all(self._uses[key] == 1 for key in keys)
        )

    def _write_weights(self, graph: int, layer: Layer, new: Requantized) -> None:
        codes = self._constants.stored(layer.weights)
        params = layer.weights.quantization
        if codes is None or params is None:
            return
        index = layer.weights.index
        self.editor.set_quantization(graph, index, new.weight_scales.tolist(), params.zero_points)
        self.editor.set_buffer(graph, index, new.weights(layer, codes).tobytes())
