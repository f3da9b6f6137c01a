"""Training, where TensorFlow may be imported: functions that the TensorFlow child runs."""

import importlib

import numpy as np

from faults.case import Untyped


def train(network: str, training: str, out: str, seed: int, epochs: int) -> None:
    """Train and save.

    Args:
        network: `module:function` that gives (Keras model, loss).
        training: .npz of prepared inputs by name, and `labels`: the true answers.
        out: the .keras file to write.
        seed: of the weights and of the order.
        epochs: passes over the samples.
    """
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    module, _, name = network.partition(":")
    model, loss = getattr(importlib.import_module(module), name)()
    with np.load(training) as found:
        rows = {key: found[key] for key in found.files}
    fit(model, loss, rows, rows.pop("labels"), epochs)
    model.save(out)


def fit(model: Untyped, loss: Untyped, rows: Untyped, truth: Untyped, epochs: int) -> None:
    """Adam with a cosine schedule, batches of 32."""
    import keras

    steps = epochs * -(-len(truth) // 32)
    rate = keras.optimizers.schedules.CosineDecay(0.006, steps)
    model.compile(keras.optimizers.Adam(rate), loss)
    given = rows if len(rows) > 1 else next(iter(rows.values()))
    model.fit(given, truth, epochs=epochs, batch_size=32, verbose=0)
