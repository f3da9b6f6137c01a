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

BRANCHED = """
fed = keras.Input((4,), name="input")
sides = [keras.layers.BatchNormalization(name=name)(fed) for name in ("left", "right")]
keras.Model(fed, keras.layers.Add()(sides)).save("model.keras")
"""


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def normed(values, by):
    return (values - by.mean(axis=0)) / np.sqrt(by.var(axis=0) + 1e-5)


def divergence_of(values):
    """Median over the channels, nats, of N(mean, variance) from N(0, 1), as layers store it at first."""
    mean, variance, stored = values.mean(axis=0), values.var(axis=0) + 1e-5, 1 + 1e-5
    logarithm = np.log(stored / variance)
    return np.median(logarithm / 2 + (variance + mean**2) / (2 * stored) - 0.5)


def branched(path):
    """Two nodes that the input reaches, and one that only they reach; all as they are at first."""
    onnx = pytest.importorskip("onnx", reason="onnx makes the file")
    make, stored = onnx.helper.make_node, {}

    def norm(source, made, size):
        names = [f"{made}-{part}" for part in range(4)]
        arrays = np.ones(size), np.zeros(size), np.zeros(size), np.ones(size)
        stored.update(zip(names, arrays, strict=True))
        return make("BatchNormalization", [source, *names], [made])

    nodes = [
        norm("input", "left", 4),
        make("Neg", ["input"], ["turned"]),
        norm("turned", "right", 4),
        make("Sub", ["left", "right"], ["both"]),
        make("MatMul", ["both", "weights"], ["product"]),
        norm("product", "last", 3),
        make("Softmax", ["last"], ["output"]),
    ]
    stored["weights"] = WEIGHTS.T
    ports = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", size])
        for name, size in (("input", 4), ("output", 3))
    ]
    arrays = [
        onnx.numpy_helper.from_array(values.astype(np.float32), name)
        for name, values in stored.items()
    ]
    graph = onnx.helper.make_graph(nodes, "branched", ports[:1], ports[1:], arrays)
    opset = [onnx.helper.make_opsetid("", 13)]
    path.write_bytes(
        onnx.helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    )


def outputs(path, kept):
    described = examine(path, kept=kept)[0]
    contract = described.contract()
    bound = {port.name: port for port in contract.inputs}
    shapes = {name: (1, *port.tensor.shape[1:]) for name, port in bound.items()}
    job = job_for(replace(contract, outputs=()), str(path), bound=bound, shapes=shapes)
    job = replace(job, backend=described.format, signature=described.signature)
    files = {}
    for name, rows in (("collected", COLLECTED), ("asked", ASKED)):
        np.save(path.parent / f"{name}.npy", rows)
        files[name] = {"input": path.parent / f"{name}.npy"}
    return renormalized_outputs(job, files, path.parent, 60.0, kept)


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="tensorflow makes the model here")
def test_keras_layers_take_the_statistics_of_the_samples_and_nothing_else_trains(tmp_path, kept):
    np.save(tmp_path / "weights.npy", WEIGHTS)
    trained.script(tmp_path, MODEL)
    found = outputs(tmp_path / "model.keras", kept)
    before, after = found.before, found.after
    (name,) = before
    stored = softmax(ASKED / np.sqrt(1 + 1e-5) @ WEIGHTS.T / np.sqrt(1 + 1e-5))
    assert before[name] == pytest.approx(stored, abs=1e-5)
    hidden = normed(COLLECTED, COLLECTED) @ WEIGHTS.T
    scores = normed(ASKED, COLLECTED) @ WEIGHTS.T
    assert after[name] == pytest.approx(softmax(normed(scores, hidden)), abs=1e-4)
    assert found.left == pytest.approx(divergence_of(hidden), rel=1e-3)


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="tensorflow makes the model here")
def test_layers_of_branches_are_all_foremost_if_none_comes_before(tmp_path, kept):
    trained.script(tmp_path, BRANCHED)
    assert outputs(tmp_path / "model.keras", kept).left is None


@pytest.mark.skipif(find_spec("onnxruntime") is None, reason="onnxruntime is not installed")
def test_what_is_left_in_a_node_is_seen_behind_new_statistics_of_those_before(tmp_path, kept):
    branched(tmp_path / "model.onnx")
    found = outputs(tmp_path / "model.onnx", kept)
    hidden = 2 * normed(COLLECTED, COLLECTED) @ WEIGHTS.T
    scores = 2 * normed(ASKED, COLLECTED) @ WEIGHTS.T
    assert found.left == pytest.approx(divergence_of(hidden), rel=1e-3)
    assert found.after["output"] == pytest.approx(softmax(normed(scores, hidden)), abs=1e-4)


@pytest.mark.skipif(find_spec("onnxruntime") is None, reason="onnxruntime is not installed")
def test_nodes_of_an_onnx_file_take_the_statistics_of_the_samples(tmp_path, kept):
    pytest.importorskip("onnx", reason="onnx changes the file")
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_normed(np.zeros(4), np.ones(4), WEIGHTS, BIAS))
    found = outputs(path, kept)
    before, after = found.before, found.after
    assert found.left is None  # there is but one
    plain = softmax(ASKED / np.sqrt(1 + 1e-5) @ WEIGHTS.T)
    assert before["output"] == pytest.approx(plain, abs=1e-5)
    assert after["output"] == pytest.approx(softmax(normed(ASKED, COLLECTED) @ WEIGHTS.T), abs=1e-4)
