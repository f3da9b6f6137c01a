"""Keras files and SavedModels, converted by TensorFlow.

For child processes only: TensorFlow is imported here. Whatever the source is, it becomes one
function of named arrays with fixed shapes and frozen weights, so that names survive and nothing is
left open.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np

from edgecheck.conversion.binding import bind, fixed_shape
from edgecheck.conversion.request import ConversionRequest
from edgecheck.conversion.unconvertible import Unconvertible, Unreadable
from edgecheck.runtime.trained.keras_model import KerasModel
from edgecheck.runtime.trained.refusal import CodeRefused
from edgecheck.runtime.trained.saved_model import DEFAULT_SIGNATURE, load_saved_model

Tf: TypeAlias = Any
"""What TensorFlow gives: it has no type information that mypy can use."""
_MOST_NAMED = 5


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
    """What keeps the weights alive."""


def convert(request: ConversionRequest) -> bytes:
    """The .tflite file.

    Raises:
        Unconvertible: the source does not fit the request, or its training is broken.
        Unreadable: the source cannot be loaded.
        CodeRefused: the source would run code.
        Exception: TensorFlow's own words.
    """
    import tensorflow as tf

    try:
        source = _loaded(request)
    except (CodeRefused, ImportError):
        raise
    except Exception as error:
        raise Unreadable(str(error)) from error
    require_finite(source.weights)
    bound = bind(list(request.shapes), list(source.inputs))
    specs = {
        name: tf.TensorSpec(
            fixed_shape(bound[name], _sizes(spec), request.shapes.get(bound[name])),
            spec.dtype,
            name=name,
        )
        for name, spec in source.inputs.items()
    }
    samples = {name: request.representative.get(bound[name]) for name in specs}
    with TemporaryDirectory(dir=request.out.parent) as folder:
        _save_frozen(source, specs, folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            folder, signature_keys=[source.signature]
        )
        _configure(converter, request, representative(specs, samples))
        if request.float_operators:
            return _partly_in_float(converter, request.float_operators)
        return bytes(converter.convert())


def _sizes(spec: Tf) -> list[int | None] | None:
    return None if spec.shape.rank is None else list(spec.shape)


def _loaded(request: ConversionRequest) -> TrainedFunction:
    if request.format == "keras":
        model = KerasModel(request.source, allow_code=request.allow_code)
        return keras_function(model, request.signature or DEFAULT_SIGNATURE)
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


def keras_function(model: KerasModel, signature: str) -> TrainedFunction:
    """A Keras model as one function, by the names that its description has."""
    import tensorflow as tf

    inputs, outputs = model.description.inputs, model.description.outputs

    def call(**feeds: Tf) -> Mapping[str, Tf]:
        found = model.infer(tuple(feeds[port.name] for port in inputs))
        return {port.name: each for port, each in zip(outputs, found, strict=True)}

    shapes = {port.name: [None if size < 0 else size for size in port.shape] for port in inputs}
    return TrainedFunction(
        signature=signature,
        inputs={
            port.name: tf.TensorSpec(shapes[port.name], port.dtype, name=port.name)
            for port in inputs
        },
        call=call,
        weights={each.path: each for each in model.model.weights},
        model=model.model,
    )


def require_finite(weights: Mapping[str, Tf]) -> None:
    """Refuse weights that training has ruined.

    Raises:
        Unconvertible: NaN or infinite values, with the names of the weights.
    """
    bad = []
    for name, weight in weights.items():
        values = np.asarray(weight) if weight.dtype not in ("resource", "string") else np.zeros(1)
        if values.dtype.kind not in "biu":
            count = int((~np.isfinite(values.astype(np.float64))).sum())
            bad += [f"{name} ({count} of {values.size} values)"] if count else []
    if bad:
        more = f" and {len(bad) - _MOST_NAMED} more" if len(bad) > _MOST_NAMED else ""
        raise Unconvertible(
            f"weights of the trained model are NaN or infinite: {', '.join(bad[:_MOST_NAMED])}"
            f"{more}",
            "training diverged: take an earlier checkpoint, lower the learning rate or clip "
            "gradients (edgecheck explain nan-or-inf-weights)",
        )


def _save_frozen(source: TrainedFunction, specs: Mapping[str, Tf], folder: str) -> None:
    """Write the function as a SavedModel whose weights are constants.

    The converter leaves variables of a Keras 3 model as resources, which calibration cannot read.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    traced = tf.function(source.call).get_concrete_function(**specs)
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
    specs: Mapping[str, Tf], files: Mapping[str, Path | None]
) -> Callable[[], Iterator[dict[str, Tf]]]:
    """The representative dataset: one sample at a time, each input by its name.

    Raises:
        Unconvertible: samples of another shape than the input takes: the converter would
            silently resize the model to them.
    """
    arrays = {name: np.load(path, mmap_mode="r") for name, path in files.items() if path}
    for name, array in arrays.items():
        wanted = tuple(specs[name].shape)
        if array[0].size != np.prod(wanted):
            raise Unconvertible(
                f"the steps of the spec give samples of shape {list(array.shape[1:])}, input "
                f"{name!r} takes {list(wanted)}",
                "correct the steps",
            )

    def samples() -> Iterator[dict[str, Tf]]:
        for rows in zip(*arrays.values(), strict=True):
            yield {
                name: np.asarray(row, specs[name].dtype.as_numpy_dtype).reshape(specs[name].shape)
                for name, row in zip(arrays, rows, strict=True)
            }

    return samples


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
