"""Trained models, changed where TensorFlow may be imported: functions that its child runs."""

from collections.abc import Iterator

import numpy as np

from faults.bases.training import fit
from faults.case import Untyped

_RECOVERED = 0.95
"""Accuracy on the training samples that a model with dead units must reach again."""


def scale_last(source: str, out: str, factor: float) -> None:
    """Multiply weights and biases of the last dense layer: sharper, or smaller, outputs."""
    import keras

    model = keras.saving.load_model(source, compile=False)
    last = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)][-1]
    last.set_weights([weights * np.float32(factor) for weights in last.get_weights()])
    model.save(out)


def kill_units(source: str, out: str, training: str, share: float) -> None:
    """Make a share of each hidden layer's ReLU units dead, and train the others on.

    A unit that never passes zero gets no gradient, so it stays dead.
    """
    import keras

    model = keras.saving.load_model(source, compile=False)
    for layer in _hidden(model):
        *others, shift = _affine(layer)
        shift[: int(share * len(shift))] = -100.0
        _restore(layer, [*others, shift])
    with np.load(training) as found:
        rows = {name: found[name] for name in found.files}
    labels = rows.pop("labels")
    fit(model, "sparse_categorical_crossentropy", rows, labels, epochs=8)
    given = rows if len(rows) > 1 else next(iter(rows.values()))
    answers = next(iter(model.predict(given, verbose=0).values()))
    if (answers.argmax(axis=-1) == labels).mean() < _RECOVERED:
        raise ValueError("the units that were left did not recover: no healthy control")
    model.save(out)


def _hidden(model: Untyped) -> Iterator[Untyped]:
    """The layers whose shift decides whether a ReLU after them passes anything."""
    import keras

    plain = (keras.layers.Dense, keras.layers.Conv2D)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization) or (
            isinstance(layer, plain) and layer.activation is keras.activations.relu
        ):
            yield layer


def _affine(layer: Untyped) -> list[Untyped]:
    """(what multiplies, what is added) of a layer, as it is trained."""
    first, second, *_ = layer.get_weights()
    return [first, second.copy()]


def _restore(layer: Untyped, affine: list[Untyped]) -> None:
    layer.set_weights([*affine, *layer.get_weights()[2:]])
