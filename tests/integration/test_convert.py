"""Trained models to .tflite files: every scheme, every way to fail, with TensorFlow in a child."""

import shutil
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from subprocess import CalledProcessError

import numpy as np
import pytest
import trained
import yaml
from command_line import edgecheck
from nets import run

from edgecheck import __version__, validate
from edgecheck.conversion.process import Converter, convert_in_child
from edgecheck.conversion.representative import write_representative
from edgecheck.conversion.request import ConversionRequest
from edgecheck.convert import ConvertOptions, convert
from edgecheck.errors import ConversionFailed, UnusableError
from edgecheck.runs.draft import Options
from edgecheck.samples.open import open_dataset
from edgecheck.spec.load import load_spec
from edgecheck.tflite.contract import contract_of, quantization_scheme
from edgecheck.tflite.metadata import packed_labels, read_metadata, read_origin
from edgecheck.tflite.reader import load_model

DIGITS = Path(__file__).parents[2] / "sample_models" / "digits"
FAST = Options(runtime="litert", limit=120, layers="never")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Trained models of the digits, their spec, and a representative dataset."""
    if find_spec("tensorflow") is None:
        pytest.skip("tensorflow trains and converts the models here")
    folder = tmp_path_factory.mktemp("trained")
    trained.make(folder, DIGITS)
    shutil.copytree(DIGITS / "images", folder / "images")
    for name in ("labels.csv", "labels.txt"):
        shutil.copy(DIGITS / name, folder)
    image = {
        "kind": "image",
        "shape": [8, 8, 1],
        "range": [-1, 1],
        "steps": [{"decode": {"color": "L"}}, {"rescale": {"scale": 1 / 127.5, "offset": -1}}],
    }
    content = {
        "version": 1,
        "model": {"task": "classification", "labels": "labels.txt"},
        "inputs": {"image": image},
        "dataset": {"path": "images/*.png", "labels": "labels.csv"},
    }
    (folder / "spec.yaml").write_text(yaml.safe_dump(content))
    older = {**content, "target": {"runtime": "tflite-runtime==2.14.0"}}
    (folder / "older.yaml").write_text(yaml.safe_dump(older))
    loaded = load_spec(folder / "spec.yaml")
    spec = loaded.spec
    dataset = open_dataset(spec.dataset, folder, spec.inputs)
    write_representative(dataset, spec.inputs, folder)
    return folder


def request(made, out, **changes):
    first = ConversionRequest(made / "model.keras", "keras", out, shapes={"image": (8, 8, 1)})
    return replace(first, **changes)


@pytest.fixture(scope="module")
def converter(tmp_path_factory):
    """Imports TensorFlow once."""
    with closing(Converter(tmp_path_factory.mktemp("converter"))) as found:
        yield found


@pytest.fixture
def converted(made, converter):
    """Function that converts to a file, in a child that it starts once."""

    def converted(out, **changes):
        converter.convert(request(made, out, **changes), 300)
        return out

    return converted


@pytest.mark.parametrize(
    ("scheme", "io"),
    [("none", "float32"), ("float16", "float32"), ("dynamic-range", "float32"),
     ("full-integer", "int8"), ("full-integer", "uint8"), ("full-integer", "float32"),
     ("int16x8", "float32")],
)  # fmt: skip
def test_every_scheme_keeps_its_accuracy_and_runs_everywhere(made, converted, tmp_path, scheme, io):
    samples = {"image": made / "representative-0.npy"}
    out = converted(tmp_path / "m.tflite", scheme=scheme, io=io, representative=samples)
    _, model = load_model(out)
    contract = contract_of(model, None)
    assert quantization_scheme(model) == scheme
    assert {port.tensor.dtype for port in (*contract.inputs, *contract.outputs)} == {io}
    assert contract.inputs[0].tensor.shape == (1, 8, 8, 1)
    options = Options(reference=str(made / "float.tflite"), runtime="litert", layers="never")
    report = validate(made / "spec.yaml", out, options)
    assert report.verdict == "pass", report.summary
    accuracy = report.metrics.accuracy
    assert accuracy.samples == 360
    assert accuracy.candidate >= accuracy.reference - 0.01
    require_runs(made, out)


def require_runs(made, out):
    """It runs in LiteRT; in tflite-runtime too, unless validation names the operator version."""
    rows = np.load(made / "representative-0.npy")[:20]
    expected = run((made / "float.tflite").read_bytes(), rows)[0].argmax(1)
    assert (run(out.read_bytes(), rows)[0].argmax(1) == expected).mean() >= 0.95
    report = validate(made / "older.yaml", out, Options(static=True))
    (unsupported,) = [f for f in report.findings if f.rule == "op-version-unsupported"] or [None]
    if unsupported is not None:
        assert "FULLY_CONNECTED" in unsupported.message
        with pytest.raises(CalledProcessError):
            run(out.read_bytes(), rows, "tflite-runtime")
        return
    assert (run(out.read_bytes(), rows, "tflite-runtime")[0].argmax(1) == expected).mean() >= 0.95


@pytest.mark.usefixtures("one_process")
def test_what_is_written_was_validated_against_the_trained_model(made, tmp_path):
    out = tmp_path / "out.tflite"
    options = ConvertOptions(FAST, "full-integer", calibrate=70)
    found = convert(made / "spec.yaml", made / "model.keras", out, options, lambda *_: None)
    assert (found.exit_code, found.written) == (0, str(out))
    assert (found.calibrated, found.unseen) == (70, 50)
    report = found.report
    assert report.metrics.samples == 50  # those of 120 that calibration did not see
    assert report.environment["model"]["path"] == str(out)
    assert report.environment["reference"]["path"].endswith("model.keras")
    data, model = load_model(out)
    assert report.environment["model"]["sha256"] == model.sha256
    origin = read_origin(data, model)
    assert origin["spec_sha256"] == load_spec(made / "spec.yaml").sha256
    assert (origin["edgecheck"], origin["source"]) == (__version__, "model.keras")
    (said,) = read_metadata(data, model).inputs
    assert said.mean == pytest.approx((127.5,), rel=1e-4)
    assert said.std == pytest.approx((127.5,), rel=1e-4)
    assert packed_labels(data, "labels.txt") == tuple("0123456789")


def test_named_operators_stay_in_float(made, converted, tmp_path):
    samples = {"image": made / "representative-0.npy"}
    whole = converted(
        tmp_path / "a.tflite", scheme="full-integer", io="int8", representative=samples
    )
    graph = load_model(whole)[1].subgraphs[0]
    dense = next(each for each in graph.operators if each.name == "FULLY_CONNECTED")
    name = graph.tensors[dense.outputs[0]].name
    out = tmp_path / "b.tflite"
    mixed = {"representative": samples, "float_operators": (name,)}
    converted(out, scheme="full-integer", **mixed)
    graph = load_model(out)[1].subgraphs[0]
    types = {each.name: graph.tensors[each.outputs[0]].dtype for each in graph.operators}
    assert (types["FULLY_CONNECTED"], types["CONV_2D"]) == ("float32", "int8")


NAN = """
model = keras.models.load_model(SOURCE)
layer = model.layers[-1]
weights = layer.get_weights()
weights[0][0, 0] = float("nan")
layer.set_weights(weights)
model.save("nan.keras")
"""
INVERSE = """
class Inverse(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 4, 4], name="x")])
    def serve(self, x):
        return {"y": tf.linalg.inv(x)}
module = Inverse()
tf.saved_model.save(module, "inverse", signatures={"serve": module.serve})
"""
PAIR = """
class Pair(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 3], name="small"),
                                  tf.TensorSpec([None, None], name="large")])
    def predict(self, small, large):
        weights = tf.constant([[1.0, -2.0], [0.5, 1.0], [2.0, 0.25]])
        return {"b": small @ weights, "a": tf.nn.relu(large)}
module = Pair()
tf.saved_model.save(module, "pair", signatures={"predict": module.predict, "other": module.predict})
"""


def test_ruined_weights_are_refused_by_name(made, converted, tmp_path):
    trained.script(tmp_path, NAN.replace("SOURCE", repr(str(made / "model.keras"))))
    with pytest.raises(ConversionFailed, match=r"NaN or infinite: .*kernel \(1 of ") as found:
        converted(tmp_path / "o.tflite", source=tmp_path / "nan.keras")
    assert "checkpoint" in found.value.hint
    assert found.value.exit_code == 1


@pytest.mark.usefixtures("made")
def test_an_operator_that_needs_flex_is_named_and_never_added(tmp_path):
    trained.script(tmp_path, INVERSE)
    spec = tmp_path / "spec.yaml"
    content = {"version": 1, "model": {"task": "other"}}
    content["inputs"] = {"x": {"kind": "array", "shape": [4, 4]}}
    spec.write_text(yaml.safe_dump(content))
    out = tmp_path / "out.tflite"
    found = edgecheck("convert", spec, tmp_path / "inverse", "-o", out)
    assert found.returncode == 1, found.stderr
    assert "no kernel for MatrixInverse" in found.stderr
    assert "see current operation" not in found.stderr
    assert not out.exists()
    loud = edgecheck("convert", spec, tmp_path / "inverse", "-o", out, "-v")
    assert "ERROR_NEEDS_FLEX_OPS" in loud.stderr


def test_several_inputs_are_calibrated_by_name_and_names_survive(made, tmp_path):
    trained.script(tmp_path, PAIR)
    rng = np.random.default_rng(0)
    np.save(tmp_path / "s.npy", rng.uniform(-1, 1, (40, 3)).astype(np.float32))
    np.save(tmp_path / "l.npy", rng.uniform(-50, 50, (40, 5)).astype(np.float32))
    wanted = request(
        made,
        tmp_path / "pair.tflite",
        source=tmp_path / "pair",
        format="saved-model",
        signature="predict",
        scheme="full-integer",
        io="int8",
        shapes={"large": (5,), "small": (3,)},
        representative={"large": tmp_path / "l.npy", "small": tmp_path / "s.npy"},
    )
    convert_in_child(wanted, 300)
    _, model = load_model(wanted.out)
    contract = contract_of(model, "predict")
    assert {port.name for port in contract.outputs} == {"a", "b"}
    scales = {port.name: port.tensor.quantization.scales[0] for port in contract.inputs}
    assert scales["small"] == pytest.approx(2 / 255, rel=0.05)
    assert scales["large"] == pytest.approx(100 / 255, rel=0.05)
    open_shape = replace(wanted, shapes={"large": None, "small": (3,)})
    with pytest.raises(ConversionFailed, match="open shape") as found:
        convert_in_child(open_shape, 300)
    assert "inputs.large.shape" in found.value.hint


@pytest.fixture
def sources(monkeypatch):
    """The `source_key` of every conversion that is asked for."""
    keys, convert_ = [], Converter.convert

    def noted(self, request, timeout):
        keys.append(request.source_key)
        return convert_(self, request, timeout)

    monkeypatch.setattr(Converter, "convert", noted)
    return keys


@pytest.mark.usefixtures("one_process")
def test_a_saved_model_is_loaded_once_for_the_file_and_its_stages(made, tmp_path, sources):
    options = ConvertOptions(FAST, "full-integer")
    out = tmp_path / "out.tflite"
    found = convert(made / "spec.yaml", made / "saved_model", out, options, lambda *_: None)
    assert found.exit_code == 0
    conversion = found.report.stages[0]
    assert ("conversion" in conversion.covers, conversion.skipped) == (True, None)
    assert (len(sources), len(set(sources))) == (2, 1)


@pytest.mark.usefixtures("made", "one_process")
def test_the_source_is_read_by_its_names_and_the_file_has_those_of_the_spec(tmp_path, sources):
    trained.script(tmp_path, PAIR)
    rng = np.random.default_rng(0)
    small, large = (rng.uniform(-reach, reach, (60, n)) for reach, n in ((1, 3), (50, 5)))
    np.savez(tmp_path / "rows.npz", tiny=small.astype(np.float32), wide=large.astype(np.float32))
    content = {
        "version": 1,
        "signature": "run",
        "model": {"task": "other", "reference_signature": "predict"},
        "inputs": {
            "tiny": {"kind": "array", "shape": [3], "reference_name": "small"},
            "wide": {"kind": "array", "shape": [5], "reference_name": "large"},
        },
        "dataset": {"path": "rows.npz"},
    }
    spec, out = tmp_path / "spec.yaml", tmp_path / "out.tflite"
    spec.write_text(yaml.safe_dump(content))
    options = ConvertOptions(FAST, "full-integer")
    found = convert(spec, tmp_path / "pair", out, options, lambda *_: None)
    assert (found.exit_code, found.written) == (0, str(out)), found.reason
    contract = contract_of(load_model(out)[1], "run")
    scales = {port.name: port.tensor.quantization.scales[0] for port in contract.inputs}
    assert scales == pytest.approx({"tiny": 2 / 255, "wide": 100 / 255}, rel=0.05)
    assert {port.name for port in contract.outputs} == {"a", "b"}
    assert found.report.stages[0].skipped is None
    assert len(set(sources)) == 1


def test_what_is_no_model_is_unusable(converted, tmp_path):
    (tmp_path / "bad.keras").write_bytes(b"no archive")
    with pytest.raises(UnusableError, match="cannot be loaded") as found:
        converted(tmp_path / "o.tflite", source=tmp_path / "bad.keras")
    assert found.value.exit_code == 3
