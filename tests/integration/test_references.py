"""Trained models as references of the .tflite that TensorFlow converted them to."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import trained
import yaml
from command_line import edgecheck

from edgecheck import validate
from edgecheck.runs.draft import Options

DIGITS = Path(__file__).parents[2] / "sample_models" / "digits"

needs_onnx = pytest.mark.skipif(
    find_spec("onnx") is None or find_spec("onnxruntime") is None, reason="onnx is not installed"
)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    if find_spec("tensorflow") is None:
        pytest.skip("tensorflow trains the models here")
    folder = tmp_path_factory.mktemp("trained")
    trained.make(folder, DIGITS)
    shutil.copytree(DIGITS / "images", folder / "images")
    shutil.copy(DIGITS / "labels.csv", folder)
    return folder


def spec(folder, reference, **changes):
    image = {
        "kind": "image",
        "shape": [8, 8, 1],
        "range": [-1, 1],
        "steps": [{"decode": {"color": "L"}}, {"rescale": {"scale": 1 / 127.5, "offset": -1}}],
    }
    content = {
        "version": 1,
        "model": {"task": "classification", "reference": reference},
        "inputs": {"image": {**image, **changes}},
        "dataset": {"path": "images/*.png", "labels": "labels.csv"},
    }
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def report(models, reference, options=None, **changes):
    return validate(spec(models, reference, **changes), models / "float.tflite", options)


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize(
    ("reference", "form", "package"),
    [
        ("model.keras", "keras", "tensorflow"),
        ("model.h5", "keras", "tensorflow"),
        ("saved_model", "saved-model", "tensorflow"),
    ],
)
def test_a_faithful_conversion_agrees_with_its_trained_model(models, reference, form, package):
    found = report(models, reference)
    assert found.error is None, found.error
    assert found.verdict == "pass", found.findings
    assert found.metrics.samples == 360
    assert found.metrics.agreement == 1.0
    assert found.metrics.sqnr_db > 80
    named = found.environment["reference"]
    assert (named["format"], named["package"]) == (form, package)
    assert named["version"][0].isdigit()
    assert len(named["sha256"]) == 64


@needs_onnx
def test_an_onnx_file_in_nchw_agrees_once_its_layout_is_stated(models):
    with np.load(models / "weights.npz") as weights:
        trained.onnx_model(weights, models / "model.onnx")
    found = report(models, "model.onnx", reference_layout="NCHW")
    assert found.error is None, found.error
    assert found.verdict == "pass", found.findings
    assert not found.findings
    assert found.metrics.agreement == 1.0
    assert found.metrics.sqnr_db > 80


@needs_onnx
def test_a_layout_that_is_not_stated_is_asked_for(models):
    with np.load(models / "weights.npz") as weights:
        trained.onnx_model(weights, models / "model.onnx")
    found = report(models, "model.onnx")
    assert found.exit_code == 3
    assert "fit only transposed" in found.error.message
    assert "`inputs.image.reference_layout: NCHW`" in found.error.hint


@needs_onnx
def test_a_layout_that_is_stated_wrongly_is_to_be_removed(models):
    with np.load(models / "weights.npz") as weights:
        trained.onnx_model(weights, models / "flat.onnx", layout="NHWC")
    assert report(models, "flat.onnx").verdict == "pass"
    found = report(models, "flat.onnx", reference_layout="NCHW")
    assert found.exit_code == 3
    assert "remove `inputs.image.reference_layout`" in found.error.hint


@pytest.mark.usefixtures("one_process")
def test_a_reference_can_be_named_on_the_way(models):
    options = Options(reference=str(models / "model.keras"), limit=40)
    found = report(models, None, options)
    assert found.verdict == "pass"
    assert found.metrics.samples == 40
    assert json.dumps(found.environment)


@needs_onnx
def test_a_reference_that_fails_on_a_sample_leaves_the_candidate_alone(models):
    from onnx import TensorProto, helper, numpy_helper, save

    table = numpy_helper.from_array(np.zeros((1, 10), np.float32), "table")
    shape = numpy_helper.from_array(np.array([1]), "shape")
    nodes = [
        helper.make_node("ReduceMax", ["x"], ["m"], keepdims=0),
        helper.make_node("Cast", ["m"], ["i"], to=TensorProto.INT64),
        helper.make_node("Reshape", ["i", "shape"], ["r"]),
        helper.make_node("Gather", ["table", "r"], ["y"]),  # zeros are in the table, ink is not
    ]
    ports = {"x": [1, 8, 8, 1], "y": [1, 10]}
    fed, given = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)
        for name, sizes in ports.items()
    )
    graph = helper.make_graph(nodes, "g", [fed], [given], [table, shape])
    opset = [helper.make_opsetid("", 13)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=8), models / "fails.onnx")
    found = report(models, "fails.onnx", Options(limit=20))
    (fault,) = [f for f in found.findings if f.rule == "load-failed"]
    assert (fault.subject.kind, fault.severity) == ("reference", "warning")
    assert fault.evidence["runtime"] == "onnx"
    assert found.metrics.agreement is None
    assert found.metrics.accuracy.candidate > 0.9


@pytest.mark.usefixtures("one_process")
def test_another_networks_weights_do_not_pass(models):
    code = (
        "model = keras.models.load_model('model.keras')\n"
        "kernel, bias = model.layers[-1].get_weights()\n"
        "model.layers[-1].set_weights([kernel[:, ::-1], bias[::-1]])\n"
        "model.save('other.keras')\n"
    )
    trained.script(models, code)
    found = report(models, "other.keras")
    assert found.verdict == "fail"
    assert found.metrics.agreement < 0.5


def test_code_in_a_reference_is_refused_unless_it_is_allowed(models):
    code = (
        "model = keras.models.load_model('model.keras')\n"
        "same = keras.layers.Lambda(lambda x: x, name='sneaky')\n"
        "keras.Sequential([keras.Input((8, 8, 1)), same, model]).save('lambda.keras')\n"
    )
    trained.script(models, code)
    refused = report(models, "lambda.keras")
    assert refused.exit_code == 3
    assert "layer 'sneaky': a" in refused.error.message
    assert "--allow-code" in refused.error.hint
    assert report(models, "lambda.keras", Options(allow_code=True)).verdict == "pass"
    arguments = ("repair", models / "spec.yaml", models / "float.tflite", "-o", models / "x.tflite")
    assert edgecheck(*arguments).returncode == 3
    allowed = edgecheck(*arguments, "--allow-code")  # there is nothing to repair
    assert (allowed.returncode, allowed.stdout[:8]) == (1, "DECLINED")


def test_a_trained_model_as_candidate_is_pointed_to_convert(models):
    found = validate(spec(models, None), models / "model.keras")
    assert found.exit_code == 2
    assert "edgecheck convert" in found.error.hint
