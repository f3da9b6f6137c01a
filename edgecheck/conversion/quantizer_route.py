"""A float .tflite, quantized by ai-edge-quantizer.

For child processes only: the package and LiteRT are imported here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from edgecheck.conversion.binding import bind
from edgecheck.conversion.calibration_rows import rows_for
from edgecheck.conversion.request import ConversionRequest
from edgecheck.conversion.unconvertible import Unconvertible, require_package
from edgecheck.tensors import Array

_ALL = ".*"


def convert(request: ConversionRequest) -> bytes:
    """The quantized file.

    Raises:
        Unconvertible: the package cannot do what is asked.
        ModuleNotFoundError, PackageBroken: it cannot be imported.
        Exception: the package's own words.
    """
    require_package("ai_edge_quantizer")
    from ai_edge_quantizer import quantizer

    if request.io == "uint8" or request.float_operators:
        wanted = "uint8 inputs and outputs" if request.io == "uint8" else "single float operators"
        raise Unconvertible(
            f"ai-edge-quantizer does not make {wanted}",
            "convert from the Keras file or SavedModel, or take --io int8",
        )
    data = request.source.read_bytes()
    tool = quantizer.Quantizer(data, _recipe(request))
    calibrated = None
    if request.representative:
        name, inputs = _signature(data, request.signature)
        samples = list(_samples(inputs, request))
        calibrated = tool.calibrate({name: samples}, num_threads=1)
    return bytes(tool.quantize(calibrated, enable_progress_bar=False).quantized_model)


def _recipe(request: ConversionRequest) -> list[dict[str, Any]]:
    """What the scheme is in the package's words."""
    from ai_edge_quantizer import qtyping, recipe, recipe_manager

    if request.scheme == "dynamic-range":
        return list(recipe.dynamic_wi8_afp32())
    manager = recipe_manager.RecipeManager()
    names, algorithms = qtyping.TFLOperationName, recipe.AlgorithmName
    if request.scheme == "float16":
        config = qtyping.OpQuantizationConfig(
            weight_tensor_config=qtyping.TensorQuantizationConfig(
                num_bits=16, dtype=qtyping.TensorDataType.FLOAT
            ),
            compute_precision=qtyping.ComputePrecision.FLOAT,
            explicit_dequantize=True,
        )
        manager.add_quantization_config(_ALL, names.ALL_SUPPORTED, config, algorithms.FLOAT_CASTING)
        return list(manager.get_quantization_recipe())
    bits = 8 if request.scheme == "full-integer" else 16
    manager.add_static_config(
        regex=_ALL,
        operation_name=names.ALL_SUPPORTED,
        activation_num_bits=bits,
        weight_num_bits=8,
    )
    if request.io == "float32":
        for port in (names.INPUT, names.OUTPUT):
            manager.add_quantization_config(_ALL, port, None, algorithms.NO_QUANTIZE)
    return list(manager.get_quantization_recipe())


def _signature(data: bytes, wanted: str | None) -> tuple[str, Mapping[str, Any]]:
    """The signature to calibrate, and name -> details of its inputs.

    Raises:
        Unconvertible: the file has none, which the package cannot do without.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=data)
    known = list(interpreter.get_signature_list())
    if not known or (wanted is not None and wanted not in known):
        raise Unconvertible(
            f"the file has {'no signature' if not known else f'no signature {wanted!r}'}, which "
            "ai-edge-quantizer calibrates by",
            "convert from the Keras file or SavedModel",
        )
    name = wanted or known[0]
    runner = interpreter.get_signature_runner(name)
    return name, dict(runner.get_input_details())


def _samples(inputs: Mapping[str, Any], request: ConversionRequest) -> Iterator[dict[str, Array]]:
    """The calibration samples, each input by its name.

    Raises:
        Unconvertible: they do not fit the inputs.
    """
    files = request.representative
    bound = bind(list(files), list(inputs), request.names)
    taken = {
        name: (tuple(map(int, entry["shape"])), np.dtype(entry["dtype"]))
        for name, entry in inputs.items()
    }
    return rows_for(taken, {name: files[bound[name]] for name in inputs})
