"""New statistics of batch normalization, in Keras and in ONNX, against numpy."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
import trained
from onnx_writer import onnx_normed

from edgecheck.runtime.job import job_for
from edgecheck.runtime.trained.renormalize import renormalized_outputs
from edgecheck.runtime.trained.weights import examine

RANDOM = np.random.default_rng(0)
WEIGHTS, BIAS = RANDOM.normal(0, 1, (3, 4)).astype(np.float32), np.zeros(3, np.float32)
COLLECTED = RANDOM.normal([5, -3, 0, 9], [2, 1, 3, 0.5], (64, 4)).astype(np.float32)
ASKED = RANDOM.normal([5, -3, 0, 9], [2, 1, 3, 0.5], (20, 4)).astype(np.float32)

MODEL = """
import numpy as np
weights = np.load("weights.npy")
model = keras.Sequential([keras.Input((4,), name="input"),
    keras.layers.BatchNormalization(epsilon=1e-5, name="first"),
    keras.layers.Dropout(0.5),
    keras.layers.Dense(3, use_bias=False, name="scores"),
    keras.layers.BatchNormalization(epsilon=1e-5, trainable=False, name="second"),
    keras.layers.Softmax()])
model.get_layer("scores").set_weights([weights.T])
model.save("model.keras")
"""


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def normed(values, by):
    return (values - by.mean(axis=0)) / np.sqrt(by.var(axis=0) + 1e-5)


def outputs(path, kept):
    described = examine(path, kept=kept)[0]
    contract = described.contract()
    bound = {port.name: port for port in contract.inputs}
    shapes = {name: (1, *port.tensor.shape[1:]) for name, port in bound.items()}
    job = job_for(replace(contract, outputs=()), str(path), bound=bound, shapes=shapes)
    job = replace(job, backend=described.format, signature=described.signature)
    files = []
    for name, rows in (("collected", COLLECTED), ("asked", ASKED)):
        np.save(path.parent / f"{name}.npy", rows)
        files.append({"input": path.parent / f"{name}.npy"})
    return renormalized_outputs(job, files[0], files[1], path.parent, 60.0, kept)


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="tensorflow makes the model here")
def test_keras_layers_take_the_statistics_of_the_samples_and_nothing_else_trains(tmp_path, kept):
    np.save(tmp_path / "weights.npy", WEIGHTS)
    trained.script(tmp_path, MODEL)
    before, after = outputs(tmp_path / "model.keras", kept)
    (name,) = before
    stored = softmax(ASKED / np.sqrt(1 + 1e-5) @ WEIGHTS.T / np.sqrt(1 + 1e-5))
    assert before[name] == pytest.approx(stored, abs=1e-5)
    hidden = normed(COLLECTED, COLLECTED) @ WEIGHTS.T
    scores = normed(ASKED, COLLECTED) @ WEIGHTS.T
    assert after[name] == pytest.approx(softmax(normed(scores, hidden)), abs=1e-4)


@pytest.mark.skipif(find_spec("onnxruntime") is None, reason="onnxruntime is not installed")
def test_nodes_of_an_onnx_file_take_the_statistics_of_the_samples(tmp_path, kept):
    pytest.importorskip("onnx", reason="onnx changes the file")
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_normed(np.zeros(4), np.ones(4), WEIGHTS, BIAS))
    before, after = outputs(path, kept)
    plain = softmax(ASKED / np.sqrt(1 + 1e-5) @ WEIGHTS.T)
    assert before["output"] == pytest.approx(plain, abs=1e-5)
    assert after["output"] == pytest.approx(softmax(normed(ASKED, COLLECTED) @ WEIGHTS.T), abs=1e-4)
