"""What the configuration of a Keras file would run, found before Keras sees it.

A configuration is nested dictionaries; each that has a `class_name` makes Keras build an object,
import a module, or unmarshal Python code. Only Keras' own classes that compute are let through.
"""

import json
from collections.abc import Iterator
from typing import Any

from edgecheck.runtime.trained.refusal import CodeRefused

MOST_BYTES = 64 << 20
"""Of a configuration; those of the largest published models take a few MB."""

_CODE = {
    "Lambda": "a Lambda layer holds Python code",
    "__lambda__": "a Python lambda is stored in it",
    "TFOpLambda": "a TFOpLambda layer calls any function of TensorFlow",
    "SlicingOpLambda": "a SlicingOpLambda layer calls any function of TensorFlow",
    "ClassMethod": "a ClassMethod layer calls any method by its name",
    "InstanceMethod": "an InstanceMethod layer calls any method by its name",
    "InstanceProperty": "an InstanceProperty layer reads any attribute by its name",
    "TensorFlowOpLayer": "a TensorFlowOpLayer holds any operator",
    "TFSMLayer": "a TFSMLayer loads a SavedModel from a path of its own",
    "TorchModuleWrapper": "a TorchModuleWrapper holds a pickle",
    "JaxLayer": "a JaxLayer holds Python code",
    "FlaxLayer": "a FlaxLayer holds Python code",
}
_SECTIONS = {
    *("activations", "applications", "constraints", "dtype_policies", "engine", "initializers"),
    *("layers", "losses", "metrics", "mixed_precision", "models", "ops"),
    *("optimizers", "quantizers", "random", "regularizers"),
}
"""Parts of Keras whose classes only compute."""
_FUNCTIONS = {"activations", "constraints", "initializers", "losses", "metrics", "ops"}
"""Parts of Keras whose functions can be named as activations, initializers and the like."""
_ROOT_CLASSES = {
    *("DTypePolicy", "FloatDTypePolicy", "Functional", "Initializer", "KerasTensor", "Layer"),
    *("Loss", "Metric", "Model", "Optimizer", "Quantizer", "Regularizer", "Sequential", "Variable"),
}


def scan(text: str | bytes) -> None:
    """Look through the configuration of a model (JSON).

    Args:
        text: `config.json` of a .keras file, or the attribute `model_config` of an .h5 file.

    Raises:
        CodeRefused: building it would run code; the reason names the layer where it has a name.
        ValueError: it is no configuration of a model.
    """
    if len(text) > MOST_BYTES:
        raise ValueError(f"its configuration takes {len(text)} bytes, more than any model's")
    try:
        config = json.loads(text)
    except RecursionError:
        raise ValueError("its configuration is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"its configuration is no JSON: {error}") from None
    if not isinstance(config, dict) or "class_name" not in config:
        raise ValueError("its configuration names no class of a model")
    # What the model was compiled with is not built: it is loaded without.
    for entry in _entries({**config, "compile_config": None}):
        _require_harmless(entry)


def _entries(config: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  (any JSON)
    """Every dictionary in it that describes an object or brings a module."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value or "registered_name" in value:
                yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _require_harmless(entry: dict[str, Any]) -> None:
    name, module = entry.get("class_name"), entry.get("module")
    registered = entry.get("registered_name")
    where = _layer(entry)
    if not isinstance(name, str) or not isinstance(module, str | None):
        raise CodeRefused(f"{where}an object of the class {name!r} in the module {module!r}")
    for known in (name, registered):
        code = _CODE.get(str(known).replace(">", ".").rpartition(".")[2])
        if code is not None:
            raise CodeRefused(where + code)
    if isinstance(registered, str) and ">" in registered:
        raise CodeRefused(f"{where}the custom object {registered!r} is code outside Keras")
    if module is not None and not _is_harmless(module, name, entry.get("config")):
        raise CodeRefused(f"{where}it imports {name!r} from the module {module!r}")


def _is_harmless(module: str, name: str, config: object) -> bool:
    """Whether a module of Keras that only computes has the class, or the function."""
    if name == "__typespec__" or "." in name:
        return False
    is_function = name == "function"
    if module == "builtins":  # Keras looks such a function up among its own
        return is_function and isinstance(config, str) and "." not in config
    parts = [part for part in module.split(".") if part != "src"]
    if parts[:1] != ["keras"]:
        return False
    if is_function:
        return parts[1:2] != [] and parts[1] in _FUNCTIONS and "." not in str(config)
    return name in _ROOT_CLASSES if len(parts) == 1 else parts[1] in _SECTIONS


def _layer(entry: dict[str, Any]) -> str:
    """The start of a sentence about an object that has a name; else nothing."""
    config = entry.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return f"layer {name!r}: " if isinstance(name, str) else ""
