"""Whatever it is given, `validate` ends with a report that can be written."""

import json
import math
import os
import random
from pathlib import Path

import numpy as np
import pytest
import yaml
from fake_runtime import write_fake
from models import float_dense, int8_dense

from edgecheck import validate
from edgecheck.errors import EdgecheckError
from edgecheck.report.json_format import render
from edgecheck.tensors import NUMPY_DTYPES
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import load_model
from edgecheck.validation import Options

ROOT = Path(__file__).parents[2]
CORPUS = os.environ.get("EDGECHECK_CORPUS")
LOADING = [] if CORPUS is None else sorted((Path(CORPUS) / "loading").glob("*.tflite"))
SAMPLES, LARGE = 4, 300_000
QUICK = Options(timeout=10)
HOSTILE = [np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-45]


def _judged(spec, model, options=QUICK, codes=(0, 1, 2, 3)):
    """The report of a run, as the JSON that it promises."""
    report = validate(spec, model, options)
    written = json.loads(render(report), parse_constant=_no_constant)
    crashed = [check for check in written["checks"] if check["status"] == "crashed"]
    assert not [check for check in crashed if check["name"] != "reference-runs"], crashed
    assert report.exit_code in codes, (report.exit_code, report.summary)
    if report.exit_code == 1:
        assert report.findings
    if report.exit_code >= 2 and report.error is None:
        assert report.verdict == "inconclusive"
    return report


def _no_constant(name):
    raise AssertionError(f"{name} is not JSON")


def _ports(model):
    """Shapes without batch, by input; one input of any shape for what cannot be read."""
    try:
        contract = contract_of(load_model(model)[1])
    except EdgecheckError:
        return {"x": (4,)}
    return {
        port.name: tuple(
            max(size, 1) for size in port.tensor.shape[port.tensor.shape[:1] == (1,) :]
        )
        for port in contract.inputs
        if port.tensor.dtype in NUMPY_DTYPES
    } or {"x": (4,)}


def _spec(folder, shapes, *, with_data=True, model=None, **parts):
    """A spec for these inputs, with seeded noise as its dataset."""
    content = {
        "version": 1,
        "model": {"task": "other", **(model or {})},
        "inputs": {name: {"kind": "array", "shape": list(s)} for name, s in shapes.items()},
        **parts,
    }
    content["inputs"] = {
        name: {key: value for key, value in entry.items() if value != []}
        for name, entry in content["inputs"].items()
    }
    if with_data:
        rng = np.random.default_rng(0)
        samples = SAMPLES if sum(map(math.prod, shapes.values())) < LARGE else 1
        arrays = {
            f"key{number}": rng.normal(size=(samples, *shape)).astype(np.float32)
            for number, shape in enumerate(shapes.values())
        }
        np.savez(folder / "data.npz", **arrays)
        keys = dict(zip(shapes, arrays, strict=True))
        content["dataset"] = {"path": "data.npz", "arrays": keys}
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.skipif(CORPUS is None, reason="EDGECHECK_CORPUS names no folder")
def test_every_published_file_gets_a_report_without_a_dataset(tmp_path):
    for model in LOADING:
        report = _judged(_spec(tmp_path, _ports(model), with_data=False), model)
        assert report.verdict != "pass", model.name


@pytest.mark.skipif(CORPUS is None, reason="EDGECHECK_CORPUS names no folder")
@pytest.mark.parametrize("model", LOADING, ids=lambda path: path.stem)
def test_every_published_file_gets_a_report_with_a_dataset(model, tmp_path):
    _judged(_spec(tmp_path, _ports(model)), model)


@pytest.mark.skipif(CORPUS is None, reason="EDGECHECK_CORPUS names no folder")
def test_a_file_that_kills_every_runtime_is_a_finding(tmp_path):
    pytest.importorskip("ai_edge_litert", reason="the file kills this runtime")
    model = Path(CORPUS) / "loading" / "blockwise_quantized.tflite"
    report = _judged(_spec(tmp_path, _ports(model)), model, Options(runtime="litert"), (1,))
    assert "runtime-crash" in {finding.rule for finding in report.findings}


def _flipped(data, rng):
    """A copy with a few bytes of the tables (not of the weights) changed, or cut short."""
    damaged = bytearray(data)
    for _ in range(rng.choice([1, 2, 4, 16, 64])):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    return bytes(damaged[: rng.randrange(len(damaged))] if rng.random() < 0.1 else damaged)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_gets_a_report(seed, tmp_path):
    rng = random.Random(seed)
    noise = np.random.default_rng(seed)
    weights, bias = noise.normal(size=(3, 4)), noise.normal(size=3)
    small = [float_dense(weights, bias), int8_dense(weights, bias, (-2, 2), (-8, 8), softmax=True)]
    real = sorted((ROOT / "sample_models").rglob("*.tflite"))
    data = rng.choice([*small, *small, rng.choice(real).read_bytes()])
    model = tmp_path / "damaged.tflite"
    model.write_bytes(_flipped(data, rng))
    _judged(_spec(tmp_path, _ports(model)), model, Options(timeout=5))


@pytest.fixture
def dense(tmp_path):
    rng = np.random.default_rng(3)
    path = tmp_path / "model.tflite"
    path.write_bytes(
        int8_dense(rng.normal(size=(3, 4)), rng.normal(size=3), (-2, 2), (-8, 8), softmax=True)
    )
    (tmp_path / "float.tflite").write_bytes(
        float_dense(rng.normal(size=(3, 4)), rng.normal(size=3), softmax=True)
    )
    return path


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("share", ["one", "all"])
def test_hostile_values_never_pass_or_crash(value, share, dense, tmp_path):
    spec = _spec(tmp_path, {"x": (4,)}, model={"reference": "float.tflite"})
    rows = np.random.default_rng(0).normal(size=(SAMPLES, 4)).astype(np.float32)
    rows[slice(None) if share == "all" else (0, 0)] = value
    np.savez(tmp_path / "data.npz", key0=rows)
    report = _judged(spec, dense)
    if share == "all":
        assert report.verdict != "pass"


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 4), np.float32),
        np.zeros((4,), np.float32),
        np.zeros((3, 5), np.float32),
        np.zeros((3, 2, 2), np.float32),
        np.zeros((3, 4), np.complex64),
        np.array([["a", "b", "c", "d"]] * 3),
        np.array([None, {}, []], dtype=object),
        np.float32(1),
        np.zeros((3, 0), np.float32),
    ],
    ids=lambda array: f"{np.asarray(array).dtype}{list(np.shape(array))}",
)
def test_an_array_of_another_kind_is_an_answer_not_a_traceback(array, dense, tmp_path):
    spec = _spec(tmp_path, {"x": (4,)})
    np.savez(tmp_path / "data.npz", key0=array)
    report = _judged(spec, dense)
    assert report.verdict != "pass"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\x93NUMPY"])
def test_a_damaged_dataset_is_unusable(content, dense, tmp_path):
    spec = _spec(tmp_path, {"x": (4,)})
    (tmp_path / "data.npz").write_bytes(content)
    assert _judged(spec, dense, codes=(3,)).error.kind == "dataset-unreadable"


@pytest.mark.parametrize("spec_text", ["", "]", "version: 1", "\x00", "a: &a [*a]", "? ? ?", "- 1"])
def test_a_bad_spec_is_an_answer(spec_text, dense, tmp_path):
    (tmp_path / "spec.yaml").write_text(spec_text)
    assert _judged(tmp_path / "spec.yaml", dense, codes=(2,)).error is not None


@pytest.mark.parametrize("which", ["missing", "folder", "empty", "text", "unreadable name"])
def test_a_model_that_cannot_be_read_is_unusable(which, tmp_path):
    model = tmp_path / "model.tflite"
    if which == "folder":
        model.mkdir()
    elif which in {"empty", "text"}:
        model.write_bytes(b"hello world, this is no model" if which == "text" else b"")
    elif which == "unreadable name":
        model = tmp_path / ("x" * 300)
    report = _judged(_spec(tmp_path, {"x": (4,)}), model, codes=(3,))
    assert report.error.kind in {"input-missing", "model-file-invalid"}


@pytest.mark.parametrize(
    "name", ["mod\udcff.tflite", "mod\n.tflite", "-m.tflite", "mod\u00e9l.tflite"]
)
def test_a_model_may_have_any_file_name(name, dense, tmp_path):
    pytest.importorskip("ai_edge_litert", reason="the model runs in it")
    odd = dense.rename(tmp_path / name)
    report = _judged(_spec(tmp_path, {"x": (4,)}), odd, Options(runtime="litert"))
    assert "model-runs" in {check.name for check in report.checks if check.status == "passed"}


@pytest.mark.parametrize("shape", [(2**40, 2**40), (10**6, 10**6), (2**62,)])
def test_a_shape_beyond_all_memory_is_an_answer(shape, dense, tmp_path):
    rows = np.zeros((SAMPLES, 4), np.float32)
    spec = _spec(tmp_path, {"x": shape}, with_data=False, dataset={"path": "data.npz"})
    np.savez(tmp_path / "data.npz", x=rows)
    _judged(spec, dense)


def test_an_unknown_runtime_is_a_usage_error(dense, tmp_path):
    report = _judged(_spec(tmp_path, {"x": (4,)}), dense, Options(runtime="tflight"), (2,))
    assert report.error.kind == "usage"


@pytest.mark.parametrize(
    ("misbehaviour", "rule"),
    [
        ({"at_load": "os.abort()"}, "runtime-crash"),
        ({"at_invoke": "os.abort()"}, "runtime-crash"),
        ({"at_load": "time.sleep(60)"}, "runtime-timeout"),
        ({"at_invoke": "time.sleep(60)"}, "runtime-timeout"),
        ({"at_load": "raise RuntimeError('no')"}, "load-failed"),
        ({"at_invoke": "raise RuntimeError('no')"}, "load-failed"),
        ({"answer": "self.values[:, :1]"}, "load-failed"),
    ],
)
def test_misbehaviour_in_a_working_runtime_is_a_finding_about_the_model(
    misbehaviour, rule, tmp_path, monkeypatch
):
    spec, model = _doubling(tmp_path, monkeypatch, spares_probe=True, **misbehaviour)
    report = _judged(spec, model, Options(runtime="litert", timeout=1), (1,))
    assert rule in {finding.rule for finding in report.findings}


@pytest.mark.parametrize("code", ["os.abort()", "raise ImportError('libX.so: not found')"])
def test_a_broken_runtime_is_an_unusable_environment_not_a_bad_model(code, tmp_path, monkeypatch):
    spec, model = _doubling(tmp_path, monkeypatch, at_load=code)
    report = _judged(spec, model, Options(runtime="litert"), (3,))
    assert report.error.kind == "runtime-missing"
    assert not [finding for finding in report.findings if finding.subject.kind == "model"]


def _doubling(folder, monkeypatch, **misbehaviour):
    """Spec and model of x (1, 2) -> y (1, 2) for the fake runtime."""
    write_fake(folder, **misbehaviour)
    monkeypatch.syspath_prepend(folder)
    model = folder / "model.tflite"
    model.write_bytes((ROOT / "edgecheck" / "runtime" / "probe.tflite").read_bytes())
    return _spec(folder, {"x": (2,)}), model
