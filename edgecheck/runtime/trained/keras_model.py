"""A Keras model in inference mode; for child processes only."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgecheck.runtime.trained.description import Description, TrainedPort
from edgecheck.runtime.trained.keras_file import load_keras
from edgecheck.tensors import Array

_QUANTIZING = frozenset({"QuantizeLayer", "QuantizeWrapper", "QuantizeWrapperV2"})
"""Layers of tensorflow-model-optimization that round, which are code outside Keras; those that are
only annotated do not."""


class KerasModel:
    """Runs with training=False: dropout is off, and BatchNormalization takes what it stored."""

    def __init__(self, path: Path, *, allow_code: bool) -> None:
        """Load it; raises as `load_keras`, and ValueError for a model of open inputs."""
        import tensorflow as tf

        self._nest = tf.nest
        self.model = load_keras(path, allow_code=allow_code)
        if not getattr(self.model, "built", True) or not getattr(self.model, "inputs", None):
            raise ValueError("its inputs are open: build it (keras.Input) before it is saved")
        self.layers = tuple(_layers(self.model))
        self._stateful = [layer for layer in self.layers if _is_stateful(layer)]
        self.description = Description(
            format="keras",
            inputs=_ports(_names_of(self.model.inputs), self.model.inputs),
            outputs=_ports(self._output_names(), tf.nest.flatten(self.model.outputs)),
            has_state=bool(self._stateful),
            fake_quantizers=sum(type(layer).__name__ in _QUANTIZING for layer in self.layers),
        )
        self._call = tf.function(
            lambda *feeds: self.infer(feeds), input_signature=_specs(tf, self.model.inputs)
        )

    def run(self, feeds: Mapping[str, Array]) -> Mapping[str, Array]:
        """One run of any number of rows, as far as the batch axis is open."""
        results = self._call(*(feeds[port.name] for port in self.description.inputs))
        names = [port.name for port in self.description.outputs]
        return dict(zip(names, map(np.asarray, results), strict=True))

    def forget(self) -> None:
        """Reset the recurrent layers that keep their state."""
        for layer in self._stateful:
            reset = getattr(layer, "reset_state", None) or layer.reset_states
            reset()

    def infer(self, feeds: tuple[Any, ...]) -> list[Any]:
        """The output tensors of input tensors, both in the order of the description."""
        shaped_as = _structure(self.model, "input")
        taken = self._nest.pack_sequence_as(shaped_as, list(feeds))
        return list(self._nest.flatten(self.model(taken, training=False)))

    def _output_names(self) -> list[str]:
        """Keys of a dictionary of outputs, else the names of the layers that make them."""
        outputs = _structure(self.model, "output")
        if isinstance(outputs, dict) and len(outputs) == len(self.model.outputs):
            return sorted(outputs)  # the order in which tf.nest flattens
        names = getattr(self.model, "output_names", None)
        if names is None:  # Sequential of Keras 3
            names = [self.model.layers[-1].name]
        return _distinct(list(names))


def _layers(model: Any) -> Iterator[Any]:  # noqa: ANN401  (keras.Model)
    """Every layer at any depth of nested models."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers(layer)


def _structure(model: Any, side: str) -> Any:  # noqa: ANN401
    """Its inputs or outputs as they are passed: a tensor, a list or a dictionary."""
    found = getattr(model, side, None)
    return getattr(model, side + "s")[0] if found is None else found  # None: a loaded Sequential


def _is_stateful(layer: Any) -> bool:  # noqa: ANN401
    return bool(getattr(layer, "stateful", False)) and (
        hasattr(layer, "reset_state") or hasattr(layer, "reset_states")
    )


def _names_of(tensors: list[Any]) -> list[str]:
    return _distinct([tensor.name.partition(":")[0] for tensor in tensors])


def _distinct(names: list[str]) -> list[str]:
    """The names, with the position behind those that come twice."""
    return [f"{n}_{i}" if names.count(n) > 1 else n for i, n in enumerate(names)]


def _ports(names: list[str], tensors: list[Any]) -> tuple[TrainedPort, ...]:
    return tuple(
        TrainedPort(name, _sizes(tensor.shape, name), _dtype(tensor.dtype))
        for name, tensor in zip(names, tensors, strict=True)
    )


def _sizes(shape: Any, name: str) -> tuple[int, ...]:  # noqa: ANN401
    if shape is None:
        raise ValueError(f"the number of axes of {name!r} is open")
    return tuple(-1 if size is None else int(size) for size in shape)


def _dtype(dtype: Any) -> str:  # noqa: ANN401
    """The name of a type, which Keras 2 and 3 hold in different ways."""
    return str(getattr(dtype, "name", dtype))


def _specs(tf: Any, inputs: list[Any]) -> list[Any]:  # noqa: ANN401
    return [tf.TensorSpec(tensor.shape, _dtype(tensor.dtype)) for tensor in inputs]
