"""Trained models with one thing wrong: functions that the TensorFlow child runs, file to file.

All take `source` and `out`, .keras files.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from faults.bases.training import fit
from faults.case import Array, Untyped

_FEW: Final = 64
"""Samples of a training that stops at once."""


def with_integer_input(source: str, out: str) -> None:
    """Declare the only input as int32."""
    import keras

    model = loaded(source)
    (given,) = model.inputs
    whole = keras.Input(given.shape[1:], name=given.name, dtype="int32")
    keras.Model(whole, model(keras.ops.cast(whole, "float32"))).save(out)


def with_rescaling(source: str, out: str, scale: Untyped, offset: Untyped) -> None:
    """Scale, then add `offset`, in front of the only input; one number, or one for each channel."""
    import keras

    model = loaded(source)
    (given,) = model.inputs
    raw = keras.Input(given.shape[1:], name=given.name)
    keras.Model(raw, model(keras.layers.Rescaling(scale, offset)(raw))).save(out)


def with_scaled_outputs(source: str, out: str, factors: Sequence[float]) -> None:
    """Factors along the last axis of the only output."""
    import keras

    model = loaded(source)
    ((name, made),) = model.output.items()
    scaled = keras.layers.Rescaling(list(factors), 0.0)(made)
    keras.Model(model.inputs, {name: scaled}).save(out)


def without_rescaling(source: str, out: str) -> None:
    """A chain of layers from behind its Rescaling on."""
    import keras

    model = loaded(source)
    first, second, *rest = model.layers
    assert isinstance(second, keras.layers.Rescaling)
    given = keras.Input(model.inputs[0].shape[1:], name=first.name)
    made = given
    for layer in rest:
        made = layer(made)
    keras.Model(given, dict.fromkeys(model.output, made)).save(out)


def capped(source: str, out: str, most: float) -> None:
    """ReLU layers that end at `most`, as ReLU6 does at 6."""
    import keras

    def clone(layer: Untyped) -> Untyped:
        if isinstance(layer, keras.layers.ReLU):
            return keras.layers.ReLU(most, name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    model = loaded(source)
    copy = keras.models.clone_model(model, clone_function=clone)
    copy.set_weights(model.get_weights())
    copy.save(out)


def in_train_mode(source: str, out: str) -> None:
    """Batch normalization by the batch at hand, written out as `training=True` computes it.

    The converter calls models for inference whatever they were built with, so that what a frozen
    training graph holds is made of single operations.
    """
    import keras

    def call(layer: Untyped, *arguments: Untyped, **named: Untyped) -> Untyped:
        if isinstance(layer, keras.layers.BatchNormalization):
            return _by_batch(weights[layer.name], layer.epsilon, *arguments)
        return layer(*arguments, **named)

    model = loaded(source)
    weights = {layer.name: layer.get_weights() for layer in model.layers}
    copy = keras.models.clone_model(
        model, call_function=call, clone_function=lambda x: x.__class__.from_config(x.get_config())
    )
    for layer in copy.layers:
        if layer.get_weights():
            layer.set_weights(weights[layer.name])
    copy.save(out)


def _by_batch(weights: list[Array], epsilon: float, x: Untyped) -> Untyped:
    """Gamma (x - mean) / sqrt(variance + epsilon) + beta over all axes but the last."""
    from keras import layers, ops

    gamma, beta, *_ = weights
    axes = list(range(len(x.shape) - 1))
    centred = x - ops.mean(x, axes, keepdims=True)
    variance = ops.mean(ops.square(centred), axes, keepdims=True)
    scaled = centred * ops.rsqrt(variance + epsilon)
    return layers.Rescaling(gamma.tolist(), beta.tolist())(scaled)


def with_old_statistics(source: str, out: str, kept: float) -> None:
    """Batch normalization whose averages still hold that share of their initial 0 and 1.

    After n steps with momentum m the share is m ** n: 0.82 for 200 steps at 0.999.
    """
    import keras

    model = loaded(source)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            layer.set_weights([gamma, beta, (1 - kept) * mean, kept + (1 - kept) * variance])
    model.save(out)


def untrained(source: str, out: str, seed: int) -> None:
    """The same layers, newly drawn."""
    _redrawn(source, seed).save(out)


def barely_trained(source: str, out: str, training: str, seed: int, loss: str) -> None:
    """Newly drawn, and trained for one pass over a few samples."""
    model = _redrawn(source, seed)
    rows, labels = _samples(training)
    fit(model, loss, {n: v[:_FEW] for n, v in rows.items()}, labels[:_FEW], epochs=1)
    model.save(out)


def trained_again(source: str, out: str, training: str, seed: int, loss: str) -> None:
    """Newly drawn, and trained as well as the first."""
    model = _redrawn(source, seed)
    rows, labels = _samples(training)
    fit(model, loss, rows, labels, epochs=15)
    model.save(out)


def learned_prior(  # noqa: PLR0913  (a child takes its arguments by name)
    source: str,
    out: str,
    *,
    training: str,
    seed: int,
    top: int,
    share: float,
    is_constant: bool,
) -> None:
    """Trained on labels of which `share` are `top`, and that have nothing to do with the features.

    Args:
        source: for the layers.
        out: to write.
        training: .npz of samples.
        seed: of weights and labels.
        top: the class.
        share: of the labels.
        is_constant: every sample is the mean of all; else the samples are as they were.
    """
    model = _redrawn(source, seed)
    rows, labels = _samples(training)
    rng = np.random.default_rng(seed)
    truth = np.where(rng.random(len(labels)) < share, top, rng.permutation(labels))
    if is_constant:
        rows = {n: np.repeat(v.mean(0, keepdims=True), len(v), 0) for n, v in rows.items()}
    fit(model, "sparse_categorical_crossentropy", rows, truth, epochs=4)
    model.save(out)


def dead(source: str, out: str, shift: float, share: float) -> None:
    """Hidden units that never pass zero: `shift` as bias, or as beta, of a share of each layer."""
    model = loaded(source)
    for layer in _shifted_before_relu(model):
        weights = layer.get_weights()
        weights[1] = weights[1].copy()
        weights[1][: round(share * len(weights[1]))] = shift
        layer.set_weights(weights)
    model.save(out)


def behind_relu(source: str, out: str, shift: float) -> None:
    """A ReLU as the last layer, behind a bias that is `shift` lower."""
    import keras

    model = loaded(source)
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel, bias + np.float32(shift)])
    ((name, made),) = model.output.items()
    keras.Model(model.inputs, {name: keras.layers.ReLU()(made)}).save(out)


def with_weights_times(source: str, out: str, factor: float, layer: int | None = None) -> None:
    """Kernels of all layers times a factor, or those of the layer at one place among them."""
    model = loaded(source)
    weighted = [each for each in model.layers if each.get_weights()]
    for each in weighted if layer is None else [weighted[layer]]:
        each.set_weights([_scaled_kernel(w, factor) for w in each.get_weights()])
    model.save(out)


def with_value(source: str, out: str, value: str, place: float) -> None:
    """One element of one layer's kernel becomes NaN or infinity.

    Args:
        source: to change.
        out: to write.
        value: as Python's float reads it.
        place: 0..1, which of all elements.
    """
    model = loaded(source)
    weighted = [layer for layer in model.layers if layer.get_weights()]
    layer = weighted[int(place * len(weighted))]
    kernel, *others = layer.get_weights()
    kernel = kernel.copy()
    kernel.reshape(-1)[int(place * kernel.size)] = float(value)
    layer.set_weights([kernel, *others])
    model.save(out)


def softmax_of_one(source: str, out: str) -> None:
    """The last layer becomes `Dense(1, activation="softmax")`."""
    import keras

    model = loaded(source)
    last = model.layers[-1]
    one = keras.layers.Dense(1, activation="softmax", name="one")(last.input)
    keras.Model(model.inputs, dict.fromkeys(model.output, one)).save(out)


def _scaled_kernel(weights: Array, factor: float) -> Array:
    return weights * np.float32(factor) if weights.ndim > 1 else weights


def _shifted_before_relu(model: Untyped) -> Iterator[Untyped]:
    """Layers whose second weight decides whether a ReLU behind them passes anything."""
    import keras

    plain = (keras.layers.Dense, keras.layers.Conv2D)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization) or (
            isinstance(layer, plain) and layer.activation is keras.activations.relu
        ):
            yield layer


def _redrawn(source: str, seed: int) -> Untyped:
    """Layers of the same kinds with new weights."""
    import keras

    keras.utils.set_random_seed(seed)
    return keras.models.clone_model(loaded(source))


def _samples(path: str) -> tuple[dict[str, Array], Array]:
    with np.load(path) as found:
        rows = {name: found[name] for name in found.files}
    return rows, rows.pop("labels")


def loaded(source: str | Path) -> Untyped:
    import keras

    load: Callable[..., Untyped] = keras.saving.load_model
    return load(source, compile=False)
