"""Every published model of the field corpus, against what a runtime reads of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgecheck.errors import ModelFileInvalid
from edgecheck.tensors import NUMPY_DTYPES
from edgecheck.tflite.contract import contract_of, input_fossil, quantization_scheme
from edgecheck.tflite.inspection import inspection
from edgecheck.tflite.reader import load_model

NO_MODELS = {"invalid_model.tflite"}

BLOCKWISE = {"blockwise_quantized.tflite"}
"""Scales that are a tensor of their own: litert shows other memory as its scales."""

ORACLE = """
import json, sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter

def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return np.dtype(value).name if isinstance(value, type) else value

for path in sys.argv[1:]:
    print("START", path, flush=True)
    try:
        interpreter = Interpreter(path)
        facts = {
            "tensors": [plain(item) for item in interpreter.get_tensor_details()],
            "operators": [item["op_name"] for item in interpreter._get_ops_details()],
            "inputs": [item["index"] for item in interpreter.get_input_details()],
            "outputs": [item["index"] for item in interpreter.get_output_details()],
            "signatures": interpreter.get_signature_list(),
        }
    except Exception as error:
        facts = {"refused": str(error)}
    print(json.dumps(facts), flush=True)
"""
"""Loads models without allocating their tensors, which kills some processes."""


@pytest.fixture(scope="module")
def paths():
    folder = os.environ.get("EDGECHECK_CORPUS")
    if not folder:
        pytest.skip("EDGECHECK_CORPUS does not name the field corpus")
    found = sorted(Path(folder).rglob("*.tflite"))
    assert len(found) > 50
    return found


@pytest.fixture(scope="module")
def models(paths):
    """Path -> model, None where the file is refused. Any other exception fails the tests."""
    loaded = {}
    for path in paths:
        try:
            loaded[path] = load_model(path)
        except ModelFileInvalid:
            loaded[path] = None
    return loaded


@pytest.fixture(scope="module")
def oracle(paths):
    """Path -> what litert reads; a file on which it dies is left out."""
    pytest.importorskip("ai_edge_litert", reason="litert is the oracle here")
    known, rest = {}, [str(path) for path in paths]
    while rest:
        run = [sys.executable, "-c", ORACLE, *rest]
        lines = subprocess.run(run, capture_output=True, text=True, check=False).stdout.splitlines()
        started = [line.removeprefix("START ") for line in lines if line.startswith("START ")]
        facts = [json.loads(line) for line in lines if line.startswith("{")]
        assert started, "litert does not even start"
        known.update(zip(started, facts, strict=False))
        rest = rest[len(started) :]
    return {Path(path): facts for path, facts in known.items() if "refused" not in facts}


def test_exactly_the_files_that_are_no_models_are_refused(models):
    assert {path.name for path, loaded in models.items() if loaded is None} == NO_MODELS


def test_every_model_has_a_contract_a_scheme_and_an_inspection(models):
    for data, model in filter(None, models.values()):
        contract = contract_of(model)
        assert len(contract.inputs) == len(model.subgraphs[0].inputs)
        assert quantization_scheme(model)
        fossils = [input_fossil(model, port) for port in contract.inputs]
        assert all(fossil.quantization.is_usable for fossil in fossils if fossil)
        json.dumps(inspection(data, model), allow_nan=False)


def test_the_runtime_reads_the_same_tensors(models, oracle):
    assert len(oracle) > 0.9 * len(models)
    for path, facts in oracle.items():
        graph = models[path][1].subgraphs[0]
        assert list(graph.inputs) == facts["inputs"], path
        assert list(graph.outputs) == facts["outputs"], path
        theirs = {item["index"]: item for item in facts["tensors"]}
        for tensor in graph.tensors:
            if tensor.index in theirs and path.name not in BLOCKWISE:
                assert_same_tensor(tensor, theirs[tensor.index], path)


def assert_same_tensor(ours, theirs, path):
    where = (path.name, ours.index)
    assert ours.name == theirs["name"], where
    assert list(ours.shape) == theirs["shape"], where
    assert list(ours.shape_signature) == (theirs["shape_signature"] or theirs["shape"]), where
    if ours.dtype in NUMPY_DTYPES:
        assert ours.dtype == theirs["dtype"], where
    params = theirs["quantization_parameters"]
    scales = ours.quantization.scales if ours.quantization else ()
    zero_points = ours.quantization.zero_points if ours.quantization else ()
    np.testing.assert_array_equal(np.float32(scales), np.float32(params["scales"]), str(where))
    assert list(zero_points) == params["zero_points"], where
    if len(scales) > 1:
        assert ours.quantization.quantized_dimension == params["quantized_dimension"], where


def test_the_runtime_reads_the_same_operators_and_signatures(models, oracle):
    for path, facts in oracle.items():
        _, model = models[path]
        ours = [operator.name for operator in model.subgraphs[0].operators]
        assert ours == facts["operators"][: len(ours)], path
        named = {item.key: sorted(item.inputs) for item in model.signatures}
        theirs = {key: sorted(item["inputs"]) for key, item in facts["signatures"].items()}
        assert named == theirs, path


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("loading/face_detection_short_range.tflite", "float16"),
        ("loading/ad_toycar_dynrange.tflite", "dynamic-range"),
        ("loading/partly_quantized_mnist.tflite", "mixed"),
        ("loading/static_w8_a16_quantized_k_einsum.tflite", "int16x8"),
        ("ad01_machine/candidate_ad_toycar_int8_floatio.tflite", "full-integer"),
        ("mnist_lstm/candidate.tflite", "full-integer"),
        ("hello_world/float.tflite", "none"),
    ],
)
def test_schemes_are_what_the_publishers_say(models, paths, name, scheme):
    (path,) = (path for path in paths if path.as_posix().endswith(name))
    assert quantization_scheme(models[path][1]) == scheme
