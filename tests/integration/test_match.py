"""Dumps of a device that does one thing wrong, through the real command line."""

import json
from concurrent.futures import ThreadPoolExecutor

import jsonschema
import numpy as np
import pytest
from command_line import ROOT, edgecheck
from device_faults import Camera, faults, harmless, jpeg

from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.report.schema import match_schema
from edgecheck.samples.open import open_dataset
from edgecheck.spec.load import load_spec
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import load_model

pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")
SCHEMA = jsonschema.Draft202012Validator(match_schema())
COUNT = 12
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
SCALINGS = {"digits": (1 / 127.5, -1.0), "photos": (1 / (255 * STD), -MEAN / STD)}


class Bench:
    """A sample model, its first samples, and a camera that shows them."""

    def __init__(self, name):
        self.name = name
        self.spec = ROOT / "configs" / f"{name}.yaml"
        self.model = ROOT / "sample_models" / name / "int8.tflite"
        loaded = load_spec(self.spec)
        spec = loaded.spec.inputs["image"]
        dataset = open_dataset(
            loaded.spec.dataset, loaded.source.parent, {"image": spec}, (), "none"
        )
        chunk = next(iter(dataset.chunks(COUNT)))
        self.ids, self.files = chunk.ids, chunk.rows["image"]
        self.pipeline = Pipeline("image", spec)
        tensor = contract_of(load_model(self.model)[1], None).inputs[0].tensor
        params = tensor.quantization.scales[0], tensor.quantization.zero_points[0]
        color = "L" if spec.shape[-1] == 1 else "RGB"
        self.camera = Camera(self.files, tuple(spec.shape[1::-1]), color, SCALINGS[name], params)
        self.prepared = self.pipeline(self.files, self.ids).astype(np.float64)
        factor, summand = SCALINGS[name]
        self.pixels = (self.prepared - summand) / factor

    def match(self, folder, codes, *more, name="image"):
        dump, report = folder / "dump.npz", folder / "report.json"
        np.savez(dump, **{name: codes})
        where = ("--output", "text", "--output", f"json:{report}")
        done = edgecheck("match", self.spec, self.model, dump, *where, *more)
        assert report.exists(), done.stderr
        found = json.loads(report.read_text())
        SCHEMA.validate(found)
        assert found["exit_code"] == done.returncode
        return done, found


@pytest.fixture(scope="module", params=["digits", "photos"])
def bench(request):
    return Bench(request.param)


@pytest.fixture(scope="module")
def runs(bench, tmp_path_factory):
    """Every fault of the bench, two at a time: fault -> (run, report, rule)."""
    wanted = faults(bench.camera, bench.pixels)
    with ThreadPoolExecutor(2) as pool:
        started = {
            fault: pool.submit(bench.match, tmp_path_factory.mktemp("fault"), codes)
            for fault, (codes, *_) in wanted.items()
        }
        return {fault: (*run.result(), list(wanted[fault][1:])) for fault, run in started.items()}


def test_every_fault_of_an_input_is_named(runs):
    wrong = {}
    for fault, (done, found, rules) in runs.items():
        errors = [each["rule"] for each in found["findings"] if each["severity"] == "error"]
        if (done.returncode, found["verdict"], errors) != (1, "fail", rules):
            wrong[fault] = (done.returncode, errors, found["summary"])
    assert wrong == {}


def test_text_is_readable_at_80_columns_and_says_what_to_do(runs):
    for done, _found, rules in runs.values():
        lines = done.stdout.splitlines()
        assert lines[0].startswith("FAIL")
        assert [line for line in lines if len(line) > 80] == []
        assert all(rule in done.stdout for rule in rules)
        assert "to fix" in done.stdout


def test_wrong_constants_are_recovered_within_one_percent(bench, runs):
    fault = "unit range" if bench.name == "photos" else "ImageNet"
    _, found, _ = runs[fault]
    scale, offset = (
        (1 / 255, 0.0) if bench.name == "photos" else (1 / (255 * 0.229), -0.485 / 0.229)
    )
    (line,) = found["findings"][0]["evidence"]["lines"]
    assert line[0] == pytest.approx(scale, rel=0.01)
    assert line[1] == pytest.approx(offset, rel=0.01, abs=0.01 * 255 * scale)


def test_the_right_tensor_passes(bench, tmp_path):
    done, found = bench.match(tmp_path, bench.camera.codes(bench.prepared))
    assert (done.returncode, found["verdict"], found["findings"]) == (0, "pass", [])
    assert found["tensors"][0]["state"] == "same"


def test_what_is_harmless_is_named_and_passes(bench, tmp_path):
    for codes, rule in harmless(bench.camera, bench.pixels).values():
        done, found = bench.match(tmp_path, codes)
        assert (done.returncode, [each["rule"] for each in found["findings"]]) == (0, [rule])
        assert found["findings"][0]["severity"] == "info"
    files = tuple(jpeg(each, 75) for each in bench.files)
    codes = bench.camera.codes(bench.pipeline(files, bench.ids).astype(np.float64))
    done, found = bench.match(tmp_path, codes)
    rules = [each["rule"] for each in found["findings"]]
    assert (done.returncode, rules) == (0, ["decoder-difference"])
