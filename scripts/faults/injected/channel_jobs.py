"""Channels of unequal size in a trained model: functions that the TensorFlow child runs.

ReLU(f x) = f ReLU(x) for f > 0: a channel that is scaled in one layer and scaled back in the next
leaves the float model as it was. All take `source` and `out`, .keras files.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from faults.case import Array, Untyped
from faults.injected.trained_jobs import loaded


def with_channels_times(source: str, out: str, factors: Sequence[float], layer: int) -> None:
    """Output channels of a hidden layer times factors, undone in the layer behind it.

    Args:
        source: to change.
        out: to write.
        factors: positive; repeated for as many channels as there are.
        layer: which of `homogeneous_pairs`, modulo their number.
    """
    model = loaded(source)
    pairs = list(homogeneous_pairs(model))
    made_by, taken_by = pairs[layer % len(pairs)]
    weights = made_by.get_weights()
    scale = np.resize(np.asarray(factors, np.float64), len(weights[1]))
    is_normalized = len(weights) == 4
    # Of batch normalization gamma and beta, of other layers kernel and bias: the last axis.
    weights[:2] = [(w * scale).astype(np.float32) for w in weights[:2]]
    assert is_normalized or len(weights) == 2
    made_by.set_weights(weights)
    kernel, *others = taken_by.get_weights()
    taken_by.set_weights([_divided(kernel, scale), *others])
    model.save(out)


def homogeneous_pairs(model: Untyped) -> Iterator[tuple[Untyped, Untyped]]:
    """(who scales the channels, who takes them): with ReLU, pooling or nothing in between."""
    import keras

    kinds = keras.layers
    taking = (kinds.Conv2D, kinds.DepthwiseConv2D, kinds.Dense)
    passing = (kinds.ReLU, kinds.MaxPooling2D, kinds.GlobalAveragePooling2D)
    making: Untyped = None
    for layer in model.layers:
        if isinstance(layer, taking):
            if making is not None:
                yield making, layer
            is_relu = layer.activation is keras.activations.relu
            making = layer if is_relu else None
        elif isinstance(layer, kinds.BatchNormalization):
            making = layer
        elif not isinstance(layer, passing):
            making = None


def _divided(kernel: Array, scale: Array) -> Array:
    """A kernel whose input channels are divided: axis 2 of convolutions, 0 of dense layers."""
    shape = [1] * kernel.ndim
    shape[0 if kernel.ndim == 2 else 2] = -1
    return np.asarray(kernel / scale.reshape(shape), np.float32)
