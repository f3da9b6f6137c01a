"""Trained models of the digits, made by TensorFlow in a process of its own.

    python trained.py FOLDER IMAGES LABELS

writes into FOLDER: model.keras, model.h5, saved_model/, float.tflite, and weights.npz for the ONNX
file that `onnx_model` builds.
"""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

CLASSES = 10


def make(folder, digits):
    """Run this file as a script."""
    path = [str(Path(__file__).parent), *filter(None, sys.path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "TF_CPP_MIN_LOG_LEVEL": "3"}
    arguments = [str(folder), str(digits / "images"), str(digits / "labels.csv")]
    done = subprocess.run(
        [sys.executable, __file__, *arguments],
        check=False,
        capture_output=True,
        env=environment,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def script(folder, text):
    """Run a few lines that make a file in `folder` with TensorFlow (tf, keras)."""
    head = "import os\nos.environ['KERAS_BACKEND'] = 'tensorflow'\nimport tensorflow as tf\nimport keras\n"
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", head + text],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]


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


def _train(folder, images, labels):
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
    _train(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
