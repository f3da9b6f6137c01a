"""Trained models, made by TensorFlow in a process of its own.

Those of the digits: model.keras, model.h5, saved_model/, float.tflite, and weights.npz for the ONNX
file that `onnx_model` builds.
"""

import atexit
import csv
import functools
import json
import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import numpy as np

CLASSES = 10


def make(folder, digits):
    """Train the models of the digits into `folder`."""
    places = [str(folder), str(digits / "images"), str(digits / "labels.csv")]
    script(folder, f"import pathlib, trained\ntrained.train(*map(pathlib.Path, {places}))")


def script(folder, text):
    """Run a few lines that make a file in `folder` with TensorFlow (tf, keras).

    All of them run in one process, one after the other: to import TensorFlow takes seconds.
    """
    process, said = _maker()
    process.stdin.write(json.dumps([str(folder), text]) + "\n")
    process.stdin.flush()
    failure = process.stdout.readline()
    assert failure, f"TensorFlow died: {_last_words(said)}"
    assert json.loads(failure) is None, json.loads(failure)[-3000:]


@functools.cache
def _maker():
    """The process that runs the lines, and the file of what it says; ends with this one."""
    path = [str(Path(__file__).parent), *filter(None, sys.path)]
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    said = tempfile.TemporaryFile()  # noqa: SIM115  (closed in _end)
    process = subprocess.Popen(
        [sys.executable, __file__],
        env={**os.environ, **quiet, "PYTHONPATH": os.pathsep.join(path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        text=True,
    )
    atexit.register(_end, process, said)
    return process, said


def _end(process, said):
    with process:  # closes its stdin, which ends it
        said.close()


def _last_words(said):
    said.seek(0)
    return said.read().decode(errors="replace")[-3000:]


def _serve():
    """Run what comes by stdin; answer null, or the traceback."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the lines print is no answer
    import keras
    import tensorflow as tf

    for line in sys.stdin:
        folder, text = json.loads(line)
        failure = None
        try:
            os.chdir(folder)
            keras.backend.clear_session()
            exec(text, {"__name__": "__main__", "tf": tf, "keras": keras})
        except BaseException:  # noqa: BLE001  (whatever it is, the test is told)
            failure = traceback.format_exc()
        answers.write(json.dumps(failure) + "\n")
        answers.flush()
    os._exit(0)  # TensorFlow's threads may outlive the work


def samples(images, labels):
    """(n, 8, 8, 1) in -1..1, and n classes."""
    from PIL import Image

    with labels.open(newline="") as file:
        rows = list(csv.DictReader(file))
    stored = [np.asarray(Image.open(images / row["filename"]), np.float32) for row in rows]
    return np.stack(stored)[..., None] / 127.5 - 1, np.array([int(row["label"]) for row in rows])


def onnx_model(weights, path, *, layout="NCHW"):
    """The same network in ONNX, from the weights of the Keras one."""
    from onnx import TensorProto, helper, numpy_helper, save

    convolution = weights["kernel"].transpose(3, 2, 0, 1)
    # Keras flattens (height, width, channel), ONNX (channel, height, width).
    dense = weights["dense"].reshape(4, 4, -1, CLASSES).transpose(2, 0, 1, 3).reshape(-1, CLASSES)
    stored = {"w": convolution, "b": weights["bias"], "d": dense, "e": weights["offset"]}
    pads = {"auto_pad": "SAME_UPPER"}
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], kernel_shape=[3, 3], **pads),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "d", "e"], ["g"]),
        helper.make_node("Softmax", ["g"], ["probabilities"], axis=1),
    ]
    shape = ["batch", 1, 8, 8]
    source = "x"
    if layout == "NHWC":
        shape, source = ["batch", 8, 8, 1], "image"
        nodes.insert(0, helper.make_node("Transpose", ["image"], ["x"], perm=[0, 3, 1, 2]))
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info(source, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", CLASSES])],
        [numpy_helper.from_array(v.astype(np.float32), name) for name, v in stored.items()],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def train(folder, images, labels):
    """In the process of TensorFlow: fit and write everything."""
    import keras
    import tensorflow as tf

    x, y = samples(images, labels)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1), name="image"),
            keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="convolution"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Dropout(0.1),
            keras.layers.Flatten(),
            keras.layers.Dense(CLASSES, activation="softmax", name="probabilities"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=15, batch_size=32, verbose=0)
    model.save(folder / "model.keras")
    model.save(folder / "model.h5")
    model.export(folder / "saved_model", verbose=False)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    (folder / "float.tflite").write_bytes(converter.convert())
    first, last = model.get_layer("convolution"), model.get_layer("probabilities")
    np.savez(
        folder / "weights.npz",
        kernel=first.kernel,
        bias=first.bias,
        dense=last.kernel,
        offset=last.bias,
    )
    np.savez(folder / "predicted.npz", x=x, y=model.predict(x, verbose=0))


if __name__ == "__main__":
    _serve()
