"""Twins of published models beside the float models that they come from, in real runtimes."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgecheck.runtime.backends import BACKENDS, is_installed, open_interpreter
from edgecheck.tflite.contract import quantization_scheme
from edgecheck.tflite.dequantize.isolated import isolated
from edgecheck.tflite.dequantize.twin import TwinImpossible, twin_of
from edgecheck.tflite.reader import load_model, read_model

CORPUS = Path(os.environ.get("EDGECHECK_CORPUS", "/no/corpus"))
needs_corpus = pytest.mark.skipif(not CORPUS.exists(), reason="EDGECHECK_CORPUS names no folder")
SAMPLE_MODELS = Path(__file__).parents[2] / "sample_models"
INSTALLED = [name for name, backend in BACKENDS.items() if is_installed(backend)]
RELEASES = {
    "litert": "ai-edge-litert 2.3.0",
    "tflite-runtime": "tflite-runtime 2.14.0",
    "tensorflow": "tensorflow 2.21.0",
}
FOR_OTHER_CHIPS = {
    "MTKEXT_CONV_2D.tflite", "keras_lstm_mnist_ptq_edgetpu.tflite", "person_detect_vela.tflite",
    "split_concat_edgetpu.tflite", "testconv1-edgetpu.tflite",
}  # fmt: skip
"""Compiled files: one custom operator that takes codes."""


def _manifest() -> dict:
    return json.loads((CORPUS / "manifest.json").read_text()) if CORPUS.exists() else {}


def _cases() -> list:
    return [
        pytest.param(case, candidate, id=f"{case['name']}-{candidate['file']}")
        for case in _manifest().get("cases", [])
        for candidate in case["candidates"]
        if case.get("float")
    ]


def _all_candidates() -> list[Path]:
    found = [
        CORPUS / case["name"] / candidate["file"]
        for case in _manifest().get("cases", [])
        for candidate in case["candidates"]
    ]
    return found + sorted(SAMPLE_MODELS.rglob("int8*.tflite"))


def _outputs(data: bytes, rows: np.ndarray) -> np.ndarray:
    """float64 (n, elements): the first output for each row, variables reset before each."""
    interpreter = open_interpreter(BACKENDS["litert"], model_content=data)
    interpreter.allocate_tensors()
    port, output = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    found = []
    for row in rows:
        interpreter.reset_all_variables()
        interpreter.set_tensor(port["index"], row.reshape(port["shape"]))
        interpreter.invoke()
        found.append(interpreter.get_tensor(output["index"]).ravel())
    return np.asarray(found, np.float64)


@functools.lru_cache(maxsize=2)
def _reference(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The inputs of a case, and what its float model gives for them."""
    rows = np.load(CORPUS / name / "inputs.npz")["x"].astype(np.float32)
    return rows, _outputs((CORPUS / name / "float.tflite").read_bytes(), rows)


@needs_corpus
@pytest.mark.skipif("litert" not in INSTALLED, reason="the numbers of the corpus are litert's")
@pytest.mark.parametrize(("case", "candidate"), _cases())
def test_the_twin_agrees_with_the_published_float_model(case, candidate):
    rows, expected = _reference(case["name"])
    data, model = load_model(CORPUS / case["name"] / candidate["file"])
    found = _outputs(twin_of(data, model).data, rows)
    sqnr_db = 10 * np.log10((expected**2).sum() / ((found - expected) ** 2).sum())
    assert abs(sqnr_db - candidate["evidence"]["twin_vs_float"]["sqnr_db"]) < 1
    if case["task"] == "classification" and len(rows) >= 100:
        assert (found.argmax(1) == expected.argmax(1)).mean() >= 0.98


@needs_corpus
def test_every_case_and_sample_model_has_a_twin():
    for path in _all_candidates():
        data, model = load_model(path)
        twin = twin_of(data, model)
        left = {t.dtype for graph in twin.model.subgraphs for t in graph.tensors}
        assert left <= {"float32", "int32", "int64", "bool", "resource"}, path.name
        assert len(twin.place) == sum(len(graph.tensors) for graph in model.subgraphs)


@needs_corpus
def test_the_twin_of_a_published_float_model_is_the_model():
    paths = sorted(CORPUS.glob("*/float.tflite"))
    assert len(paths) > 15
    for path in paths:
        data, model = load_model(path)
        # The float model of kws_dscnn has int8 weights (dynamic-range).
        is_own_twin = twin_of(data, model).data is data
        assert is_own_twin == (path.parent.name != "kws_dscnn"), path
        assert is_own_twin == (quantization_scheme(model) == "none"), path


@needs_corpus
def test_only_compiled_files_have_no_twin():
    without = set()
    for path in sorted((CORPUS / "loading").glob("*.tflite")):
        if path.name != "invalid_model.tflite":
            try:
                twin_of(*load_model(path))
            except TwinImpossible:
                without.add(path.name)
    assert without == FOR_OTHER_CHIPS


LOADER = """
import sys
import numpy as np
from edgecheck.runtime.backends import BACKENDS, open_interpreter

def fed(value):
    return value["dtype"] not in (np.bytes_, np.str_, object)

for path in sys.argv[2:]:
    print("START", path, flush=True)
    interpreter = open_interpreter(BACKENDS[sys.argv[1]], model_path=path)
    interpreter.allocate_tensors()
    for port in filter(fed, interpreter.get_input_details()):
        interpreter.set_tensor(port["index"], np.zeros(port["shape"], port["dtype"]))
    interpreter.invoke()
print("END", flush=True)
"""


def _loadable(backend: str) -> list[Path]:
    """Published files that the runtime runs, by the manifest."""
    names = [
        entry["file"]
        for entry in _manifest()["loading"]
        if entry["expected"].get(RELEASES[backend], {}).get("outcome") == "ok"
    ]
    return [CORPUS / name for name in names]


@needs_corpus
@pytest.mark.parametrize("backend", INSTALLED)
def test_a_twin_runs_where_the_candidate_runs(backend, tmp_path):
    twins = []
    for number, path in enumerate(_all_candidates() + _loadable(backend)):
        data, model = load_model(path)
        if path.name not in FOR_OTHER_CHIPS and (twin := twin_of(data, model)).data is not data:
            twins.append(tmp_path / f"{number}_{path.name}")
            twins[-1].write_bytes(twin.data)
    assert len(twins) > 40
    command = [sys.executable, "-c", LOADER, backend, *map(str, twins)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.endswith("END\n"), (done.stdout.splitlines()[-1:], done.stderr[-2000:])


def _builtin(data: bytes):
    interpreter = open_interpreter(
        BACKENDS["litert"], delegates=False, preserves=True, model_content=data
    )
    interpreter.allocate_tensors()
    return interpreter


def _check_isolated(path: Path, rows: np.ndarray) -> int:
    """Feed the isolated twin with the twin's tensors; how many outputs were compared."""
    data, model = load_model(path)
    twin = twin_of(data, model)
    cut = isolated(twin)
    whole, parts = _builtin(twin.data), _builtin(cut.data)
    port = whole.get_input_details()[0]
    outputs = cut.model.subgraphs[0].outputs
    for row in rows:
        whole.set_tensor(port["index"], row.reshape(port["shape"]))
        whole.invoke()
        for tensor, place in cut.inputs.items():
            parts.set_tensor(place, whole.get_tensor(twin.place[0, tensor]))
        parts.invoke()
        for output in outputs:
            found, expected = parts.get_tensor(output), whole.get_tensor(output)
            assert found.tobytes() == expected.tobytes(), (path.name, output)
    return len(outputs)


@needs_corpus
@pytest.mark.skipif("litert" not in INSTALLED, reason="keeps inner tensors readable")
def test_the_isolated_twin_gives_back_every_tensor_of_the_twin():
    compared = 0
    for case in _manifest()["cases"]:
        rows = np.load(CORPUS / case["name"] / "inputs.npz")["x"][:3].astype(np.float32)
        for candidate in case["candidates"]:
            compared += _check_isolated(CORPUS / case["name"] / candidate["file"], rows)
    assert compared > 300


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow", reason="tensorflow is the oracle here")


def _kernel(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32) / 2


def _control_flow(tf, x):
    weights = _kernel((3, 3, 4, 4)) / 3

    def step(i, a):
        return i + 1, tf.nn.relu(tf.nn.conv2d(a, weights, 1, "SAME"))

    looped = tf.while_loop(lambda i, _: i < 3, step, [tf.constant(0), x])[1]
    return tf.cond(tf.reduce_sum(x) > 0, lambda: looped, lambda: x * 2)


OPERATORS = {
    "relu6": lambda tf, x: tf.nn.relu6(tf.nn.conv2d(x, _kernel((3, 3, 4, 4)), 1, "SAME") + 1),
    "depthwise": lambda tf, x: tf.nn.depthwise_conv2d(x, _kernel((3, 3, 4, 2)), (1,) * 4, "SAME"),
    "transpose-conv": lambda tf, x: tf.nn.conv2d_transpose(
        x, _kernel((3, 3, 4, 4)), (1, 16, 16, 4), 2) + _kernel((4,)),
    "matmul": lambda tf, x: tf.linalg.matmul(tf.reshape(x, (1, 32, 8)), tf.reshape(x, (1, 8, 32))),
    "reduce": lambda tf, x: tf.concat([tf.reduce_mean(x, 1), tf.reduce_sum(x, 1)], -1),
    "softmax": lambda tf, x: tf.nn.softmax(x) + tf.nn.log_softmax(x),
    "gates": lambda tf, x: tf.sigmoid(x) * tf.tanh(x) + x * tf.nn.relu6(x + 3) / 6,
    "pads": lambda tf, x: tf.pad(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=-1.5),
                                 [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT"),
    "resize": lambda tf, x: tf.image.resize(tf.image.resize(x, (12, 12)), (5, 5), "nearest"),
    "table": lambda tf, x: tf.gather(_kernel((10, 4)), tf.argmax(x, -1)),
    "top": lambda tf, x: tf.math.top_k(x, 2).values,
    "compare": lambda tf, x: tf.where(x > _kernel((4,)), x, tf.zeros_like(x)),
    "scatter": lambda tf, x: tf.scatter_nd([[1], [3]], x[0, :2], (8, 8, 4)) * 2,
    "unpack": lambda tf, x: tf.stack([tf.unstack(x * 2, axis=1)[2], x[:, 1] * 3], 1),
    "control-flow": _control_flow,
}  # fmt: skip
SHAPE = (1, 8, 8, 4)


def _converted(tf, function, mode: str) -> bytes:
    signature = [tf.TensorSpec(SHAPE, tf.float32)]
    concrete = tf.function(lambda x: function(tf, x), input_signature=signature)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete.get_concrete_function()])
    if mode == "none":
        return converter.convert()
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if mode == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if mode == "full-integer":
        rng = np.random.default_rng(1)
        samples = [[rng.normal(size=SHAPE).astype(np.float32)] for _ in range(30)]
        converter.representative_dataset = lambda: samples
        operators = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
        converter.target_spec.supported_ops = operators
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


@pytest.mark.skipif("litert" not in INSTALLED, reason="runs the models")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", ["full-integer", "float16"])
@pytest.mark.parametrize("name", OPERATORS)
def test_the_twin_of_a_conversion_is_the_float_model(tf, name, mode):
    rows = np.random.default_rng(2).normal(size=(10, *SHAPE)).astype(np.float32)
    expected = _outputs(_converted(tf, OPERATORS[name], "none"), rows)
    data = _converted(tf, OPERATORS[name], mode)
    twin = twin_of(data, read_model(data))
    left = {t.dtype for graph in twin.model.subgraphs for t in graph.tensors}
    assert left <= {"float32", "int32", "int64", "bool"}
    # What remains is the rounding of the weights: 8 bits a channel give about 45 dB.
    error = ((_outputs(twin.data, rows) - expected) ** 2).sum()
    assert error <= 10 ** (-40 / 10) * (expected**2).sum()
