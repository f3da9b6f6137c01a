import sys
import tempfile
from importlib.util import find_spec

import numpy as np
import pytest
import trained

from edgecheck.errors import InputMissing, RuntimeMissing, UnusableError, UsageError
from edgecheck.runtime import backends, worker_process
from edgecheck.runtime.trained import child
from edgecheck.runtime.trained.description import TrainedPort
from edgecheck.runtime.trained.weights import examine

MAKE = """
image = keras.Input((4, 4, 3), name="image")
side = keras.Input((2,), name="side", dtype="uint8")
x = keras.layers.DepthwiseConv2D(3, depth_multiplier=2, name="apart")(image)
x = keras.layers.Conv2DTranspose(5, 2, name="grown")(x)
x = keras.layers.Flatten()(x)
x = keras.layers.Concatenate()([x, keras.ops.cast(side, "float32")])
inner = keras.Sequential([keras.Input((47,)), keras.layers.Dense(7, name="deep")])
y = inner(x)
z = keras.layers.Dense(1, name="small")(y)
model = keras.Model({"image": image, "side": side}, {"b": y, "a": z})
model.save("many.keras")
keras.Sequential([keras.layers.Dense(3)]).save("unbuilt.keras")
model.save_weights("only.weights.h5")
import numpy as np
np.savez("kernels.npz", **{
    "apart": model.get_layer("apart").get_weights()[0],
    "grown": model.get_layer("grown").get_weights()[0],
    "deep": inner.layers[0].get_weights()[0],
})
"""

MAKE_ROUNDING = """
import pathlib, sys
sys.path[:] = SYS_PATH
from edgecheck.runtime.trained.keras_model import KerasModel

@keras.saving.register_keras_serializable("tfmot")
class QuantizeLayer(keras.layers.Layer):
    def call(self, x):
        return tf.quantization.fake_quant_with_min_max_args(x, -1, 1)

inputs = keras.Input((2,))
inner = keras.Sequential([keras.Input((2,)), QuantizeLayer(), keras.layers.Dense(1)])
keras.Model(inputs, inner(QuantizeLayer()(inputs))).save("rounding.keras")
found = KerasModel(pathlib.Path("rounding.keras"), allow_code=True).description.fake_quantizers
pathlib.Path("count.txt").write_text(str(found))
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    if find_spec("tensorflow") is None:
        pytest.skip("tensorflow makes the models here")
    folder = tmp_path_factory.mktemp("keras")
    trained.script(folder, MAKE)
    return folder


def test_many_inputs_and_outputs_and_the_weights_between(models, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")  # the child takes TensorFlow all the same
    description, weights = examine(models / "many.keras")
    assert set(description.inputs) == {
        TrainedPort("image", (-1, 4, 4, 3), "float32"),
        TrainedPort("side", (-1, 2), "uint8"),
    }
    assert description.outputs == (
        TrainedPort("a", (-1, 1), "float32"),
        TrainedPort("b", (-1, 7), "float32"),
    )
    found = {weight.name: weight for weight in weights}
    assert {name: weight.op for name, weight in found.items()} == {
        "apart": "DEPTHWISE_CONV_2D",
        "grown": "TRANSPOSE_CONV",
        "deep": "FULLY_CONNECTED",
        "small": "FULLY_CONNECTED",
    }
    with np.load(models / "kernels.npz") as kernels:
        for i, j, channel in np.ndindex(3, 3, 6):
            stored = kernels["apart"][i, j, channel // 2, channel % 2]
            assert found["apart"].values[channel, i, j] == stored
        for i, j, out in np.ndindex(2, 2, 5):
            grown = found["grown"].values[out, i, j]
            np.testing.assert_array_equal(grown, kernels["grown"][i, j, out])
        np.testing.assert_array_equal(found["deep"].values, kernels["deep"].T)


def test_layers_that_round_are_counted_at_any_depth(models, tmp_path, kept):
    trained.script(tmp_path, MAKE_ROUNDING.replace("SYS_PATH", repr(sys.path)))
    assert (tmp_path / "count.txt").read_text() == "2"
    assert examine(models / "many.keras", kept=kept)[0].fake_quantizers == 0


def test_a_model_of_open_inputs_says_what_to_do(models, kept):
    with pytest.raises(UnusableError, match=r"keras\.Input"):
        examine(models / "unbuilt.keras", kept=kept)


def test_weights_alone_say_what_to_save(models, kept):
    with pytest.raises(UnusableError, match=r"model\.save"):
        examine(models / "only.weights.h5", kept=kept)


def test_nothing_at_the_path_is_an_input_that_is_missing(tmp_path):
    with pytest.raises(InputMissing, match="does not exist"):
        examine(tmp_path / "gone.keras")


def test_a_folder_in_the_place_of_a_file_is_unusable(tmp_path):
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(UnusableError, match="not a regular file"):
        examine(tmp_path / "folder.onnx")


def test_another_file_is_no_trained_model(tmp_path):
    with pytest.raises(UnusableError, match="no trained model"):
        examine(tmp_path / "model.txt")


@pytest.mark.parametrize("name", ["m.pt", "m.PTH", "m.pkl", "graph.pb"])
def test_formats_that_run_code_are_never_read(tmp_path, name):
    with pytest.raises(UsageError) as refused:
        examine(tmp_path / name)
    assert "ONNX" in refused.value.hint


def test_a_missing_package_comes_with_its_command(tmp_path, monkeypatch):
    (tmp_path / "m.onnx").write_bytes(b"")
    monkeypatch.setattr(child, "is_installed", lambda _backend: False)
    with pytest.raises(RuntimeMissing, match="needs onnxruntime") as missing:
        examine(tmp_path / "m.onnx")
    assert missing.value.hint == "run: " + backends.TRAINED["onnx"].install


def test_a_child_that_dies_or_hangs_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "m.onnx").write_bytes(b"")
    monkeypatch.setattr(child, "is_installed", lambda _backend: True)
    monkeypatch.setattr(
        worker_process,
        "child_command",
        lambda _: [sys.executable, "-c", "import os, sys; sys.stderr.write('oh'); os.abort()"],
    )
    with pytest.raises(UnusableError, match=r"died \(signal 6 \(SIGABRT\)\): oh"):
        examine(tmp_path / "m.onnx")
    monkeypatch.setattr(
        worker_process,
        "child_command",
        lambda _: [sys.executable, "-c", "import time; time.sleep(60)"],
    )
    monkeypatch.setattr(child, "START_SECONDS", 0.5)
    with pytest.raises(UnusableError, match="not loaded within 1 s"):
        examine(tmp_path / "m.onnx", timeout=0.5)


def test_what_a_child_leaves_behind_goes_with_it(tmp_path, monkeypatch):
    model, places = tmp_path / "model.onnx", tmp_path / "places"
    model.write_bytes(b"any")
    places.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(places))
    leave = (
        "import os, tempfile; print(tempfile.mkdtemp(), file=__import__('sys').stderr, flush=True)"
    )
    monkeypatch.setattr(
        worker_process, "child_command", lambda _: [sys.executable, "-c", f"{leave}; os._exit(3)"]
    )
    monkeypatch.setattr(child, "is_installed", lambda _: True)
    with pytest.raises(UnusableError, match=f"exit status 3.*{places}"):
        child.ask("examine", model, {}, 60)
    assert list(places.iterdir()) == []
