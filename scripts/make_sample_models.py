"""Make the sample models of `sample_models/` from data that ships inside PyPI packages.

    pip install -e . tensorflow scikit-learn scikit-image ai-edge-litert
    python scripts/make_sample_models.py            # make everything anew (about a minute)
    python scripts/make_sample_models.py --check    # verify what is committed; no TensorFlow

Every task gets a float model and the same weights as a full-integer model with int8 input and
output, calibrated on training samples that went through the preprocessing of
`configs/<task>.yaml`. Digits has a third file, calibrated on raw 0..255 pixels: the mistake people
make most, with nothing else changed. Only the held-out part of each data set is written.

`--check` compares the committed bytes with `manifest.json` and measures the models again.
Weights repeat for one TensorFlow build (seeded, one thread) but not across builds, so the
manifest names the versions that made the files.
"""

import argparse
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sample_tasks import SEED, TASKS, Array, KerasModel, Task

from edgecheck.conversion.process import convert_in_child
from edgecheck.conversion.request import ConversionRequest
from edgecheck.conversion.schemes import Io, Scheme

SAMPLE_MODELS = Path(__file__).resolve().parent.parent / "sample_models"
MANIFEST = SAMPLE_MODELS / "manifest.json"
VERSIONS = ("tensorflow", "keras", "numpy", "pillow", "scikit-learn", "scikit-image")
CALIBRATION_SAMPLES = 200
# Kernels differ between runtimes: tflite-runtime 2.14 is 0.014 from LiteRT 2.3 on the collapsed
# model, and at most 0.003 on the others.
ACCURACY_TOLERANCE = 0.02
CONVERSION_SECONDS = 600.0


# ---- training and conversion ----------------------------------------------------------------


def prepare_tensorflow() -> None:
    """Make TensorFlow silent, on one thread, with deterministic kernels."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):  # already initialised by an earlier task
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()


def train(task: Task, inputs: Array, labels: Array) -> KerasModel:
    """The trained model with a batch dimension of 1."""
    import keras

    keras.utils.set_random_seed(SEED)
    model = task.build()
    steps = task.epochs * -(-len(inputs) // 32)
    rate = keras.optimizers.schedules.CosineDecay(0.005, steps)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    model.fit(inputs, labels, epochs=task.epochs, batch_size=32, verbose=0)
    single = keras.Input(inputs.shape[1:], batch_size=1, name="input")
    return keras.Model(single, {"output_0": model(single)})


def to_float(model: KerasModel) -> bytes:
    return convert(model, "none", "float32")


def to_int8(model: KerasModel, representative: list[Array]) -> bytes:
    """Full-integer: int8 input, output and operators, ranges from `representative` samples."""
    return convert(model, "full-integer", "int8", representative)


def convert(
    model: KerasModel, scheme: Scheme, io: Io, representative: list[Array] | None = None
) -> bytes:
    """The model bytes, as `edgecheck convert` makes them."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        model.save(folder / "model.keras")
        samples = {}
        if representative is not None:
            samples = {"input": folder / "samples.npy"}
            np.save(samples["input"], np.stack(representative).astype(np.float32))
        request = ConversionRequest(
            source=folder / "model.keras",
            format="keras",
            out=folder / "model.tflite",
            scheme=scheme,
            io=io,
            shapes={"input": tuple(model.inputs[0].shape[1:])},
            representative=samples,
        )
        return convert_in_child(request, CONVERSION_SECONDS).path.read_bytes()


def make(name: str) -> None:
    """Write the held-out data and the models of one task."""
    task, folder = TASKS[name], SAMPLE_MODELS / name
    prepare_tensorflow()
    data = task.prepare(folder)
    inputs = stack(task.preprocess, data.samples)
    model = train(task, inputs, data.labels)
    (folder / "float.tflite").write_bytes(to_float(model))
    chosen = np.random.default_rng(SEED).permutation(len(inputs))[:CALIBRATION_SAMPLES]
    for stem, calibration in (("int8", task.preprocess), *task.miscalibrations):
        representative = [calibration(data.samples[i]) for i in chosen]
        (folder / f"{stem}.tflite").write_bytes(to_int8(model, representative))


# ---- measuring ------------------------------------------------------------------------------


def run(model: Path, inputs: Array) -> Array:
    """Real-valued outputs (n, classes) float64 of a float or int8 model, one sample a run."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(model), num_threads=1)
    interpreter.allocate_tensors()
    source, sink = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    rows = []
    for sample in inputs:
        interpreter.set_tensor(source["index"], to_codes(sample, source)[None])
        interpreter.invoke()
        rows.append(to_real(interpreter.get_tensor(sink["index"])[0], sink))
    return np.stack(rows)


def to_codes(real: Array, tensor: dict[str, Any]) -> Array:
    scale, zero_point = tensor["quantization"]
    if scale == 0:  # TFLite's way to say: not quantized
        return real.astype(np.float32)
    codes: Array = np.clip(np.rint(real / np.float32(scale)) + zero_point, -128, 127)
    return codes.astype(np.int8)


def to_real(codes: Array, tensor: dict[str, Any]) -> Array:
    scale, zero_point = tensor["quantization"]
    real: Array = codes.astype(np.float64)
    return real if scale == 0 else np.asarray((real - zero_point) * scale)


def measure(name: str) -> dict[str, dict[str, float]]:
    """Per model file of a task, what `scores` gives and the accuracy under the task's mistake."""
    task, folder = TASKS[name], SAMPLE_MODELS / name
    data = task.read(folder)
    metric, mistaken = task.mistake
    right, wrong = (stack(step, data.samples) for step in (task.preprocess, mistaken))
    reference = run(folder / "float.tflite", right)
    return {
        path.name: scores(run(path, right), reference, data.labels)
        | {metric: accuracy(run(path, wrong), data.labels)}
        for path in sorted(folder.glob("*.tflite"))
    }


def stack(step: Callable[[Array], Array], samples: list[Array]) -> Array:
    return np.stack([step(sample) for sample in samples])


def accuracy(rows: Array, labels: Array) -> float:
    return round(float((rows.argmax(1) == labels).mean()), 4)


def scores(rows: Array, reference: Array, labels: Array) -> dict[str, float]:
    """Accuracy against labels; agreement and SQNR (dB) against the float model, where it differs."""
    share = float(np.bincount(rows.argmax(1)).max() / len(rows))
    found = {"accuracy": accuracy(rows, labels), "largest_class_share": round(share, 4)}
    error = float(((rows - reference) ** 2).sum())
    if error:
        found["agreement"] = accuracy(rows, reference.argmax(1))
        found["sqnr_db"] = round(float(10 * np.log10((reference**2).sum() / error)), 2)
    return found


# ---- manifest -------------------------------------------------------------------------------


def describe(path: Path) -> dict[str, Any]:
    """Bytes and sha256 of a file; of a folder also the count, over its files in name order."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    content = [file.read_bytes() for file in files]
    facts = {
        "bytes": sum(map(len, content)),
        "sha256": hashlib.sha256(b"".join(content)).hexdigest(),
    }
    return facts | ({"files": len(files)} if path.is_dir() else {})


def inventory() -> dict[str, dict[str, Any]]:
    """Everything made below `sample_models/<task>/` by its path, an image folder as one entry."""
    paths = [path for name in TASKS for path in sorted((SAMPLE_MODELS / name).iterdir())]
    made = [path for path in paths if path.suffix != ".md"]
    return {path.relative_to(SAMPLE_MODELS).as_posix(): describe(path) for path in made}


def write_manifest() -> None:
    made_with = {name: metadata.version(package) for name, package in distributions()}
    manifest = {
        "made_with": made_with,
        "measured_with": {"ai-edge-litert": metadata.version("ai-edge-litert")},
        "files": inventory(),
        "metrics": {name: measure(name) for name in TASKS},
    }
    MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n", newline="\n")


def distributions() -> list[tuple[str, str]]:
    """Names and installed distributions: TensorFlow for CPU has a distribution of its own."""
    owners = metadata.packages_distributions()
    return [(name, owners["tensorflow"][0] if name == "tensorflow" else name) for name in VERSIONS]


def differences() -> list[str]:
    """What no longer matches the manifest, one line each; only unchanged files are measured."""
    manifest = json.loads(MANIFEST.read_text())
    stated, found = manifest["files"], inventory()
    names = sorted(stated.keys() | found.keys())
    changed = [f"{name}: bytes differ" for name in names if stated.get(name) != found.get(name)]
    return changed or [
        line for name in TASKS for line in drift(name, manifest["metrics"][name], measure(name))
    ]


def drift(name: str, stated: dict[str, Any], found: dict[str, Any]) -> list[str]:
    return [
        f"{name}/{file}: accuracy {found[file]['accuracy']}, manifest {metrics['accuracy']}"
        for file, metrics in stated.items()
        if abs(found[file]["accuracy"] - metrics["accuracy"]) > ACCURACY_TOLERANCE
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Make or check the sample models.")
    parser.add_argument("--check", action="store_true", help="verify the committed files")
    if parser.parse_args().check:
        found = differences()
        sys.exit("\n".join(found) if found else 0)
    for name in TASKS:
        make(name)
    write_manifest()


if __name__ == "__main__":
    main()
