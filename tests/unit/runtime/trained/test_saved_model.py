"""The scan runs where TensorFlow is: in a child, once for all folders."""

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest
import trained

from edgecheck.runtime.trained.saved_model import chosen_signature

MAKE = """
import pathlib

class Module(tf.Module):
    def __init__(self, call):
        super().__init__()
        self.scale = tf.Variable(2.0)
        self.count = tf.Variable(0.0, trainable=False)
        keys, values = tf.constant([0, 1]), tf.constant([0.0, 1.0])
        start = tf.lookup.KeyValueTensorInitializer(keys, values)
        self.table = tf.lookup.StaticHashTable(start, 0.0)
        spec = tf.TensorSpec((None, 2), tf.float32, name="x")
        self.run = tf.function(lambda x: {"y": call(self, x)}, input_signature=[spec])

def nested(self, x):
    inner = tf.function(lambda v: tf.py_function(lambda w: w, [v], tf.float32))
    return tf.cond(tf.reduce_sum(x) > 1, lambda: inner(x), lambda: x)

def writes(self, x):
    with tf.control_dependencies([tf.io.write_file("evil.txt", "x")]):
        return tf.identity(x)

def prints(self, x):
    tf.print(x, output_stream="file://evil.txt")
    return x

def counts(self, x):
    self.count.assign_add(1.0)
    return x + self.count

def saves(self, x):
    tf.raw_ops.SaveV2(prefix="evil", tensor_names=["x"], shape_and_slices=[""], tensors=[x])
    return x

def reads(self, x):
    return x + tf.cast(tf.strings.length(tf.io.read_file("/etc/passwd")), tf.float32)

def rounds(self, x):
    low = tf.quantization.fake_quant_with_min_max_args(x, -1, 1)
    inner = tf.function(lambda v: tf.quantization.fake_quant_with_min_max_vars(v, 0.0, self.scale))
    return tf.cond(tf.reduce_sum(x) > 1, lambda: inner(low), lambda: low)

CALLS = {
    "plain": lambda self, x: x * self.scale + self.table[tf.constant(1)],
    "loop": lambda self, x: tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v), (0, x))[1],
    "counts": counts,
    "python": lambda self, x: tf.py_function(lambda v: v, [x], tf.float32),
    "numpy": lambda self, x: tf.numpy_function(lambda v: v, [x], tf.float32),
    "nested": nested, "rounds": rounds, "writes": writes, "prints": prints, "saves": saves, "reads": reads,
}
for name, call in CALLS.items():
    module = Module(call)
    tf.saved_model.save(module, name, signatures=module.run)

class Beside(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None, 2), name="x")])
    def run(self, x):
        return {"y": x}
    @tf.function(input_signature=[])
    def other(self):
        tf.io.write_file("evil.txt", "x")

module = Beside()
tf.saved_model.save(module, "beside", signatures=module.run)
pathlib.Path("truncated").mkdir()
data = pathlib.Path("plain/saved_model.pb").read_bytes()
pathlib.Path("truncated/saved_model.pb").write_bytes(data[: len(data) // 2])
pathlib.Path("empty").mkdir()
pathlib.Path("empty/saved_model.pb").write_bytes(b"")
"""

SCAN = """
import json, pathlib, sys
sys.path[:] = sys.argv[2].split(chr(31))
from edgecheck.runtime.trained.refusal import CodeRefused
from edgecheck.runtime.trained.saved_model import SignatureModel, scan_saved_model
import numpy as np
found = {}
for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        scan_saved_model(folder)
        found[folder.name] = "passed"
    except CodeRefused as refused:
        found[folder.name] = "refused: " + refused.reason
    except ValueError as error:
        found[folder.name] = "invalid: " + str(error)
model = SignatureModel(pathlib.Path(sys.argv[1], "counts"), signature=None, allow_code=False)
feeds = {"x": np.zeros((1, 2), np.float32)}
seen = [float(model.run(feeds)["y"].max()) for _ in range(2)]
model.forget()
found["states"] = [model.description.has_state, *seen, float(model.run(feeds)["y"].max())]
for name in ("counts", "rounds"):
    described = SignatureModel(pathlib.Path(sys.argv[1], name), signature=None, allow_code=False)
    found["fakes of " + name] = described.description.fake_quantizers
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    if find_spec("tensorflow") is None:
        pytest.skip("tensorflow makes the folders here")
    folder = tmp_path_factory.mktemp("folders")
    trained.script(folder, MAKE)
    arguments = [sys.executable, "-c", SCAN, str(folder), "\x1f".join(sys.path)]
    done = subprocess.run(arguments, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert not (folder / "evil.txt").exists()
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["plain", "loop", "counts"])
def test_models_that_only_compute_are_let_through(scanned, name):
    assert scanned[name] == "passed"


@pytest.mark.parametrize("name", ["python", "numpy", "nested"])
def test_calls_of_python_are_refused_at_any_depth(scanned, name):
    assert scanned[name].startswith("refused: ")
    assert "calls Python" in scanned[name]


@pytest.mark.parametrize("name", ["writes", "prints", "saves", "reads", "beside"])
def test_what_reaches_files_is_refused_even_beside_the_signature(scanned, name):
    assert scanned[name].startswith("refused: ")
    assert "acts outside the model" in scanned[name]


@pytest.mark.parametrize("name", ["truncated", "empty"])
def test_damaged_folders_are_named_as_such(scanned, name):
    assert scanned[name].startswith("invalid: its saved_model.pb")


def test_variables_that_a_run_writes_can_be_taken_back(scanned):
    assert scanned["states"] == [True, 1.0, 2.0, 1.0]


def test_fake_quantization_is_counted_at_any_depth(scanned):
    assert scanned["rounds"] == "passed"
    assert (scanned["fakes of counts"], scanned["fakes of rounds"]) == (0, 2)


def test_the_default_signature_is_taken_then_the_only_one():
    assert chosen_signature(["a", "serving_default"], None) == "serving_default"
    assert chosen_signature(["a", "__saved_model_init_op"], None) == "a"
    assert chosen_signature(["a", "b"], "b") == "b"


@pytest.mark.parametrize(("names", "wanted"), [(["a", "b"], None), ([], None), (["a"], "c")])
def test_a_signature_that_is_unclear_lists_those_there_are(names, wanted):
    with pytest.raises(ValueError, match=f"its signatures: {', '.join(names) or 'none'}"):
        chosen_signature(names, wanted)
