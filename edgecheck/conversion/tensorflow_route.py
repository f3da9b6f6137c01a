"""Keras files and SavedModels, converted by TensorFlow.

For child processes only: TensorFlow is imported here. Whatever the source is, it becomes one
function of named arrays with fixed shapes and frozen weights, so that names survive and nothing is
left open.
"""

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from edgecheck.conversion.binding import bind, fixed_shape
from edgecheck.conversion.calibration_rows import rows_for
from edgecheck.conversion.request import ConversionRequest
from edgecheck.conversion.requirements import (
    loop_in,
    require_dense,
    require_finite,
    require_inference,
    require_numbers,
)
from edgecheck.conversion.schemes import CALIBRATED
from edgecheck.conversion.unconvertible import Unreadable, require_package
from edgecheck.runtime.trained.keras_file import config_of
from edgecheck.runtime.trained.keras_model import KerasModel
from edgecheck.runtime.trained.refusal import CodeRefused
from edgecheck.runtime.trained.saved_model import DEFAULT_SIGNATURE, load_saved_model
from edgecheck.runtime.trained.train_mode import layers_in_training
from edgecheck.tensors import Array

Tf: TypeAlias = Any
"""What TensorFlow gives: it has no type information that mypy can use."""
_READERS = frozenset({"keras", "h5py"})
"""Packages that come with TensorFlow; any other is asked for by the model."""


@dataclass(frozen=True)
class TrainedFunction:
    """A trained model as one function."""

    signature: str
    inputs: Mapping[str, Tf]
    """Name -> TensorSpec; sizes may be open."""
    call: Callable[..., Mapping[str, Tf]]
    """Takes a tensor for each input by name; gives the outputs by name."""
    weights: Mapping[str, Tf]
    model: Tf
    """What has to be saved with the function: what holds its tables."""


@dataclass(frozen=True)
class Frozen:
    """A source as a SavedModel with fixed shapes and constant weights, which is converted often."""

    folder: str
    signature: str
    """Of the folder and the .tflite."""
    inputs: Mapping[str, Tf]
    """Name -> TensorSpec."""
    bound: Mapping[str, str]
    """Input -> input of the spec."""
    loop: str = ""
    """Name of an operator that loops, as recurrent layers have it."""

    def convert(self, request: ConversionRequest) -> bytes:
        """The .tflite file.

        Raises:
            Unconvertible: the samples do not fit.
            Exception: TensorFlow's own words.
        """
        import tensorflow as tf

        files = request.representative
        samples = {name: files[own] for name, own in self.bound.items() if own in files}
        converter = tf.lite.TFLiteConverter.from_saved_model(
            self.folder, signature_keys=[self.signature]
        )
        _configure(converter, request, representative(self.inputs, samples))
        if self.loop and request.scheme in CALIBRATED:
            _leave_word(self.loop)
        if request.float_operators:
            return _partly_in_float(converter, request.float_operators)
        return bytes(converter.convert())


def freeze(request: ConversionRequest, folder: str) -> Frozen:
    """Load the source and freeze it, for whatever scheme.

    Args:
        request: its scheme does not matter.
        folder: empty; where the SavedModel goes.

    Raises:
        Unconvertible: the source does not fit the request, or its training is broken.
        Unreadable: the source cannot be loaded.
        CodeRefused: the source would run code.
        ModuleNotFoundError, PackageBroken: TensorFlow cannot be imported.
        Exception: TensorFlow's own words.
    """
    require_package("tensorflow")
    import tensorflow as tf

    warnings.simplefilter("ignore")  # should the converter die, they would be its last words
    source = _read(request)
    require_finite(source.weights)
    require_numbers({name: spec.dtype.name for name, spec in source.inputs.items()})
    if request.format == "saved-model":
        require_dense(request.source, list(source.inputs))
    source, bound = _as_named(source, request)
    specs = {
        name: tf.TensorSpec(
            fixed_shape(bound[name], _sizes(spec), request.shapes.get(bound[name])),
            spec.dtype,
            name=name,
        )
        for name, spec in source.inputs.items()
    }
    traced = tf.function(source.call).get_concrete_function(**specs)
    _save_frozen(source, traced, specs, folder)
    loop = loop_in(traced.graph.as_graph_def())
    return Frozen(folder, source.signature, specs, bound, loop)


def _as_named(
    source: TrainedFunction, request: ConversionRequest
) -> tuple[TrainedFunction, dict[str, str]]:
    """The source by the names that the .tflite has, and its input -> input of the spec.

    Raises:
        Unconvertible: its inputs have other names than the spec says.
    """
    bound = bind(list(request.shapes), list(source.inputs), request.names)
    source = replace(source, signature=request.named or source.signature)
    if request.names.keys().isdisjoint(bound.values()):
        return source, bound
    given = {name: own if own in request.names else name for name, own in bound.items()}

    def call(**feeds: Tf) -> Mapping[str, Tf]:
        return original(**{name: feeds[new] for name, new in given.items()})

    original = source.call
    inputs = {new: source.inputs[name] for name, new in given.items()}
    renamed = replace(source, inputs=inputs, call=call)
    return renamed, {given[name]: own for name, own in bound.items()}


def _sizes(spec: Tf) -> list[int | None] | None:
    return None if spec.shape.rank is None else list(spec.shape)


def _read(request: ConversionRequest) -> TrainedFunction:
    """The source, as it runs in inference.

    Raises:
        Unreadable: it cannot be loaded.
        CodeRefused: it would run code.
        ModuleNotFoundError: what reads it is not installed.
        Unconvertible: it is wired to training mode.
    """
    try:
        source = _loaded(request)
    except CodeRefused:
        raise
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name in _READERS:
            raise
        raise Unreadable(str(error) or type(error).__name__) from error
    if request.format == "keras":
        require_inference(layers_in_training(config_of(request.source)))
    return source


def _loaded(request: ConversionRequest) -> TrainedFunction:
    if request.format == "keras":
        model = KerasModel(request.source, allow_code=request.allow_code)
        return keras_function(model)
    loaded = load_saved_model(
        request.source, signature=request.signature, allow_code=request.allow_code
    )
    function = loaded.function
    return TrainedFunction(
        signature=loaded.name,
        inputs=function.structured_input_signature[1],
        call=function,
        weights={each.name: each for each in function.variables},
        model=loaded.model,
    )


def keras_function(model: KerasModel) -> TrainedFunction:
    """A Keras model as one function, by the names that its description has."""
    import tensorflow as tf
    from tensorflow.python.trackable.resource import CapturableResource

    inputs, outputs = model.description.inputs, model.description.outputs

    def call(**feeds: Tf) -> Mapping[str, Tf]:
        found = model.infer(tuple(feeds[port.name] for port in inputs))
        return {port.name: each for port, each in zip(outputs, found, strict=True)}

    shapes = {port.name: [None if size < 0 else size for size in port.shape] for port in inputs}
    return TrainedFunction(
        signature=DEFAULT_SIGNATURE,
        inputs={
            port.name: tf.TensorSpec(shapes[port.name], port.dtype, name=port.name)
            for port in inputs
        },
        call=call,
        weights={each.path: each for each in model.model.weights},
        # Its tables alone: a Keras model is saved with a function of its own, in which layers that
        # augment are active, and whose random state cannot be saved.
        model=[
            value
            for layer in model.layers
            for value in vars(layer).values()
            if isinstance(value, CapturableResource)
        ],
    )


def _save_frozen(source: TrainedFunction, traced: Tf, specs: Mapping[str, Tf], folder: str) -> None:
    """Write the function as a SavedModel whose weights are constants.

    The converter leaves variables of a Keras 3 model as resources, which calibration cannot read.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    frozen = convert_variables_to_constants_v2(traced, lower_control_flow=False)
    order = [each.name.partition(":")[0] for each in frozen.inputs]
    names = sorted(traced.structured_outputs)  # as nests of dictionaries are flattened

    def call(**feeds: Tf) -> Mapping[str, Tf]:
        found = frozen(*(feeds[name] for name in order))
        return dict(zip(names, tf.nest.flatten(found), strict=True))

    module = tf.Module()
    module.frozen, module.source = frozen, source.model
    module.call = tf.function(call).get_concrete_function(**specs)
    tf.saved_model.save(module, folder, signatures={source.signature: module.call})


def representative(
    specs: Mapping[str, Tf], files: Mapping[str, Path]
) -> Callable[[], Iterator[dict[str, Array]]]:
    """The representative dataset: one sample at a time, each input by its name.

    Raises:
        Unconvertible: samples of another shape than the input takes.
    """
    taken = {
        name: (tuple(spec.shape), np.dtype(spec.dtype.as_numpy_dtype))
        for name, spec in specs.items()
    }
    rows_for(taken, files)  # refuses before the converter begins
    return lambda: rows_for(taken, files)


def _configure(
    converter: Tf, request: ConversionRequest, samples: Callable[[], Iterator[dict[str, Tf]]]
) -> None:
    """Tell the converter about the scheme; operators of TensorFlow itself are never let in."""
    import tensorflow as tf

    if request.scheme == "none":
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    kinds = tf.lite.OpsSet
    if request.scheme == "float16":
        converter.target_spec.supported_types = [tf.float16]
    elif request.scheme == "full-integer":
        converter.representative_dataset = samples
        converter.target_spec.supported_ops = [kinds.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.as_dtype(request.io)
        converter.inference_output_type = tf.as_dtype(request.io)
    elif request.scheme == "int16x8":
        converter.representative_dataset = samples
        converter.target_spec.supported_ops = [
            kinds.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ]


def _leave_word(loop: str) -> None:
    """Say on stderr what helps should the converter die of a loop, as some versions do."""
    sys.stderr.write(
        f"the model loops ({loop}), as recurrent layers do, which kills some converters: try "
        "`--quantize dynamic-range`, or build the layer with unroll=True "
        "(edgecheck explain recurrent-quantization)\n"
    )
    sys.stderr.flush()


def _partly_in_float(converter: Tf, operators: Sequence[str]) -> bytes:
    """Full-integer, except some operators; inputs and outputs are float32."""
    import tensorflow as tf

    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=list(operators))
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter,
        debug_dataset=converter.representative_dataset,
        debug_options=options,
    )
    return bytes(debugger.get_nondebug_quantized_model())
