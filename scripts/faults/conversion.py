"""From a Keras file to .tflite, as a user's own script does it: TensorFlow's converter, in a child."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from faults.case import Array, Format, Rows, Untyped
from faults.child import tensorflow


def convert(
    source: Path,
    out: Path,
    form: Format,
    representative: Rows,
    *,
    per_channel: bool = True,
    batch: int | None = 1,
) -> Path:
    """Convert.

    Args:
        source: a .keras file.
        out: the file to write.
        form: what to make of it.
        representative: real values (n, ...) by input, for the formats that store ranges.
        per_channel: whether weights get a scale for each channel.
        batch: of the inputs; None leaves it open.

    Raises:
        ChildFailed: TensorFlow refuses.
    """
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "rows.npz")
        np.savez(rows, **representative)
        settings = {"form": form, "per_channel": per_channel, "batch": batch}
        files = {"source": source, "out": out, "rows": rows}
        tensorflow().call("faults.conversion:write", **files, settings=settings)
    return out


def write(source: str, out: str, rows: str, settings: dict[str, Untyped]) -> None:
    """In the child: as `convert`, from file to file."""
    import keras

    with np.load(rows) as found:
        samples = {name: found[name] for name in found.files}
    model = keras.saving.load_model(source, compile=False, safe_mode=False)
    Path(out).write_bytes(converted(model, samples=samples, **settings))


def converted(
    model: Untyped, form: Format, samples: Rows, *, per_channel: bool = True, batch: int | None = 1
) -> bytes:
    """In the child: the .tflite of a Keras model whose inputs and outputs have names."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(_batched(model, batch))
    if form != "float":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if form == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if form in {"int8", "uint8", "float-io", "int16x8"}:
        converter.representative_dataset = lambda: _samples(samples)
        wide = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        builtins = tf.lite.OpsSet.TFLITE_BUILTINS_INT8
        converter.target_spec.supported_ops = [wide if form == "int16x8" else builtins]
    if form in {"int8", "uint8"}:
        kind = tf.int8 if form == "int8" else tf.uint8
        converter.inference_input_type = converter.inference_output_type = kind
    converter._experimental_disable_per_channel = not per_channel
    made: bytes = converter.convert()
    return made


def _batched(model: Untyped, batch: int | None) -> Untyped:
    """The model with a fixed batch, its inputs and outputs under their own names."""
    import keras

    inputs = {
        each.name: keras.Input(each.shape[1:], batch_size=batch, name=each.name, dtype=each.dtype)
        for each in model.inputs
    }
    given = list(inputs.values())
    made = model(given if len(given) > 1 else given[0])
    if not isinstance(made, dict):
        made = {"output_0": made}
    return keras.Model(inputs, made)


def _samples(rows: Rows) -> Iterator[dict[str, Array]]:
    for number in range(len(next(iter(rows.values())))):
        yield {name: values[number][None].astype(np.float32) for name, values in rows.items()}
