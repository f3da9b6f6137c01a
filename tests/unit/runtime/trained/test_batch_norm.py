import math
from dataclasses import replace

import numpy as np
import pytest
import trained

from edgecheck.errors import UnusableError
from edgecheck.runtime.job import job_for, rearranged
from edgecheck.runtime.trained.batch_norm import observed_norms
from edgecheck.runtime.trained.weights import examine

MODEL = """
import numpy as np
random = np.random.default_rng(0)
keras.utils.set_random_seed(1)
image, extra = keras.Input((6, 6, 3), name="zimage"), keras.Input((6, 6, 3), name="extra")
inner = keras.Sequential([
    keras.Input((6, 6, 6)), keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization(name="deep"),
])
joined = keras.layers.Concatenate()([image, extra])
first = keras.layers.BatchNormalization(name="first", epsilon=0.01)
shared = keras.layers.BatchNormalization(name="shared")
flat = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(inner(first(joined))))
model = keras.Model([image, extra], shared(shared(flat)))
for layer in (first, inner.layers[-1], shared):
    size = layer.moving_mean.shape
    layer.moving_mean.assign(random.normal(0, 1, size))
    layer.moving_variance.assign(random.uniform(0.5, 2, size))
rows = random.normal(0.5, 1.5, (40, 2, 6, 6, 3)).astype(np.float32)
feeds = {"zimage": rows[:, 0], "extra": rows[:, 1]}
values = keras.ops.convert_to_numpy(first(joined_values := np.concatenate([rows[:, 0], rows[:, 1]], -1)))
deep = inner.layers[0](values)
flat_values = np.maximum(inner.layers[1](deep), 0).mean((1, 2))
np.savez("seen.npz", first=joined_values, deep=deep,
         shared=np.concatenate([flat_values, shared(flat_values)]))
np.savez("stored.npz", **{f"{layer.name}_{key}": np.asarray(value)
    for layer in (first, inner.layers[-1], shared)
    for key, value in (("mean", layer.moving_mean), ("var", layer.moving_variance),
                       ("eps", layer.epsilon))})
for name, array in feeds.items():
    np.save(name + ".npy", array)
model.save("model.keras")
model.save("model.h5")
model.export("saved", verbose=False)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("tensorflow", reason="tensorflow makes the model here")
    made = tmp_path_factory.mktemp("norms")
    trained.script(made, MODEL)
    return made


def job_of(path, axes=None, kept=None):
    described = examine(path, kept=kept)[0]
    contract = described.contract()
    bound = {port.name: port for port in contract.inputs}
    shapes = {name: (1, *port.tensor.shape[1:]) for name, port in bound.items()}
    job = job_for(replace(contract, outputs=()), str(path), bound=bound, shapes=shapes)
    job = rearranged(job, axes or {}, {})
    return replace(job, backend=described.format, signature=described.signature)


def slow(seen, mean, variance, epsilon):
    """KL of each channel by the textbook formula, one at a time."""
    values = seen.reshape(-1, seen.shape[-1]).astype(np.float64)
    found = []
    for channel in range(values.shape[1]):
        m, v = values[:, channel].mean(), values[:, channel].var() + epsilon
        n, w = float(mean[channel]), float(variance[channel]) + epsilon
        found.append(math.log(math.sqrt(w / v)) + (v + (m - n) ** 2) / (2 * w) - 0.5)
    return found


def expected(folder, name):
    with np.load(folder / "seen.npz") as seen, np.load(folder / "stored.npz") as stored:
        parts = [stored[f"{name}_{key}"] for key in ("mean", "var", "eps")]
        return slow(seen[name], *parts)


@pytest.mark.parametrize("file", ["model.keras", "model.h5"])
def test_layers_of_any_depth_are_compared_with_what_reaches_them(folder, file, kept):
    feeds = {name: folder / f"{name}.npy" for name in ("zimage", "extra")}
    job = job_of(folder / file, kept=kept)
    found = {norm.name: norm for norm in observed_norms(job, feeds, 60, kept)}
    assert set(found) == {"first", "deep", "shared"}
    for name, norm in found.items():
        wanted = expected(folder, name)
        assert norm.channels == len(wanted)
        assert norm.kl_median == pytest.approx(np.median(wanted), rel=1e-3)
        assert norm.kl_largest == pytest.approx(max(wanted), rel=1e-3)


def test_operators_of_a_saved_model_are_compared(folder, kept):
    job = job_of(folder / "saved", kept=kept)
    feeds = {slot.name: folder / f"{slot.name}.npy" for slot in job.inputs}
    found = observed_norms(job, feeds, 60, kept)
    assert len(found) >= 2
    for norm, name in zip(found, ("first", "deep"), strict=False):
        assert norm.kl_median == pytest.approx(np.median(expected(folder, name)), rel=1e-3)


FUSED = """
import numpy as np
random = np.random.default_rng(0)
mean, var = random.normal(size=3).astype("f"), random.uniform(0.5, 2, 3).astype("f")
rows = random.normal(0, 2, (20, 4, 4, 3)).astype("f")
np.savez("fused.npz", mean=mean, var=var)
np.save("x.npy", rows)
class Fused(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None, 4, 4, 3), tf.float32, name="x")])
    def __call__(self, x):
        ones = tf.ones(3)
        y, *_ = tf.compat.v1.nn.fused_batch_norm(
            tf.nn.relu(x), ones, 0 * ones, tf.constant(mean), tf.constant(var),
            epsilon=0.01, is_training=False)
        return {"y": y * tf.math.rsqrt(tf.constant(4.0) + 1.0)}
module = Fused()
tf.saved_model.save(module, "fused", {"serving_default": module.__call__})
"""


def test_fused_operators_are_compared_and_other_roots_are_none(folder, kept):
    trained.script(folder, FUSED)
    job = job_of(folder / "fused", kept=kept)
    (found,) = observed_norms(job, {"x": folder / "x.npy"}, 60, kept)
    with np.load(folder / "fused.npz") as stored:
        rows = np.maximum(np.load(folder / "x.npy"), 0)
        wanted = slow(rows, stored["mean"], stored["var"], 0.01)
    assert found.kl_median == pytest.approx(np.median(wanted), rel=1e-3)
    assert found.kl_largest == pytest.approx(max(wanted), rel=1e-3)


def _onnx(path, mean, variance):
    from onnx import TensorProto, helper, numpy_helper, save

    ones = np.ones(3, np.float32)
    stored = {"s": ones, "o": 0 * ones, "m": mean, "v": variance}
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("BatchNormalization", ["r", "s", "o", "m", "v"], ["y"], name="norm"),
    ]
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, 4, 4]) for name in "xy"
    ]
    tensors = [numpy_helper.from_array(v.astype(np.float32), n) for n, v in stored.items()]
    graph = helper.make_graph(nodes, "g", ports[:1], ports[1:], tensors)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def test_nodes_of_onnx_are_compared_in_their_layout(tmp_path):
    pytest.importorskip("onnxruntime", reason="onnxruntime runs the model here")
    pytest.importorskip("onnx", reason="onnx makes the model here")
    random = np.random.default_rng(0)
    mean, variance = random.normal(0, 1, 3), random.uniform(0.5, 2, 3)
    _onnx(tmp_path / "m.onnx", mean, variance)
    rows = random.normal(0, 2, (40, 4, 4, 3)).astype(np.float32)  # channels last, as the spec feeds
    np.save(tmp_path / "x.npy", rows)
    described = examine(tmp_path / "m.onnx")[0]
    contract = described.contract()
    job = job_for(
        replace(contract, outputs=()),
        str(tmp_path / "m.onnx"),
        bound={"x": contract.inputs[0]},
        shapes={"x": (1, 4, 4, 3)},
    )
    job = replace(rearranged(job, {"x": (0, 3, 1, 2)}, {}), backend="onnx")
    (found,) = observed_norms(job, {"x": tmp_path / "x.npy"}, 60)
    wanted = slow(np.maximum(rows, 0), mean, variance, 1e-5)
    assert found.name == "norm"
    assert found.kl_median == pytest.approx(np.median(wanted), rel=1e-3)
    assert found.kl_largest == pytest.approx(max(wanted), rel=1e-3)


def test_a_model_without_such_layers_has_none(tmp_path):
    pytest.importorskip("onnxruntime", reason="onnxruntime runs the model here")
    onnx = pytest.importorskip("onnx", reason="onnx makes the model here")
    make = onnx.helper
    ports = [make.make_tensor_value_info(name, 1, ["n", 2]) for name in "xy"]
    graph = make.make_graph([make.make_node("Relu", ["x"], ["y"])], "g", ports[:1], ports[1:])
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, tmp_path / "m.onnx")
    np.save(tmp_path / "x.npy", np.zeros((3, 2), np.float32))
    assert observed_norms(job_of(tmp_path / "m.onnx"), {"x": tmp_path / "x.npy"}, 60) == ()


def test_a_file_that_cannot_be_loaded_is_an_error(tmp_path):
    pytest.importorskip("onnxruntime", reason="onnxruntime runs the model here")
    file = tmp_path / "m.onnx"
    file.write_bytes(b"no model")
    with pytest.raises(UnusableError, match=r"m\.onnx"):
        examine(file)
