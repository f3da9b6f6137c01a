"""Repairs of published models, with no float model, judged by the float model and plain numpy."""

import functools
import json
import os
from pathlib import Path

import numpy as np
import pytest
from field_corpus import part_of

from edgecheck.repair import RepairOptions, repair
from edgecheck.runs.draft import Options
from edgecheck.runtime.backends import BACKENDS, is_installed, open_interpreter

CORPUS = Path(os.environ.get("EDGECHECK_CORPUS", "/no/corpus"))
pytestmark = [
    pytest.mark.skipif(not CORPUS.exists(), reason="EDGECHECK_CORPUS names no folder"),
    pytest.mark.skipif(not is_installed(BACKENDS["litert"]), reason="LiteRT runs the models here"),
]
CALIBRATED = 60


def _cases(*verdicts: str) -> list:
    manifest = json.loads((CORPUS / "manifest.json").read_text()) if CORPUS.exists() else {}
    return [
        pytest.param(case, candidate, id=f"{case['name']}-{candidate['file']}")
        for case in manifest.get("cases", [])
        for candidate in case["candidates"]
        if candidate["verdict"] in verdicts
    ]


def _spec(case: dict, folder: Path) -> Path:
    """Labels where they are class numbers, no reference, and samples in the order of the file."""
    stored = CORPUS / case["name"] / "inputs.npz"
    with np.load(stored) as arrays:
        shape = arrays["x"].shape[1:]
        has_labels = (
            case["task"] == "classification" and "y" in arrays and arrays["y"].dtype.kind in "iu"
        )
    dataset = {"path": str(stored), "arrays": {"x": "x"}, "order": "file"}
    if has_labels:
        dataset["labels"] = "y"
    content = {
        "version": 1,
        "model": {"task": case["task"]},
        "inputs": {"x": {"kind": "array", "shape": list(shape)}},
        "dataset": dataset,
    }
    path = folder / "spec.yaml"
    path.write_text(json.dumps(content))
    return path


def _real(values: np.ndarray, detail: dict) -> np.ndarray:
    scale, zero = detail["quantization"]
    return values if not scale else np.float32(scale) * (values.astype(np.float32) - zero)


def _outputs(path: Path, rows: np.ndarray) -> np.ndarray:
    """float64 (n, elements): the first output for each row, variables reset before each."""
    interpreter = open_interpreter(BACKENDS["litert"], model_path=str(path))
    interpreter.allocate_tensors()
    port, output = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = port["quantization"]
    found = []
    for row in rows:
        fed = row.reshape(port["shape"])
        if scale and port["dtype"] != np.float32:
            info = np.iinfo(port["dtype"])
            fed = np.clip(np.round(fed / np.float32(scale)) + zero, info.min, info.max)
        interpreter.reset_all_variables()
        interpreter.set_tensor(port["index"], fed.astype(port["dtype"]))
        interpreter.invoke()
        found.append(_real(interpreter.get_tensor(output["index"]), output).ravel())
    return np.asarray(found, np.float64)


@functools.lru_cache(maxsize=2)
def _unseen(name: str) -> np.ndarray:
    return np.load(CORPUS / name / "inputs.npz")["x"].astype(np.float32)[CALIBRATED:]


@functools.lru_cache(maxsize=2)
def _expected(name: str) -> np.ndarray:
    """What the float model of a case gives for the samples that calibration does not see."""
    return _outputs(CORPUS / name / "float.tflite", _unseen(name))


def _against_float(name: str, path: Path) -> tuple[float, float]:
    """(SQNR in dB, agreement) of a file with the float model, on unseen samples."""
    real, found = _expected(name), _outputs(path, _unseen(name))
    sqnr_db = 10 * np.log10((real**2).sum() / ((found - real) ** 2).sum())
    return sqnr_db, (found.argmax(1) == real.argmax(1)).mean()


def _repaired(case: dict, candidate: dict, folder: Path):
    """(source, new file, result) of a repair from the first samples of a case."""
    source, out = CORPUS / case["name"] / candidate["file"], folder / "fixed.tflite"
    before = source.read_bytes()
    options = RepairOptions(Options(), calibrate=CALIBRATED)
    found = repair(_spec(case, folder), source, out, options, lambda *_: None)
    assert source.read_bytes() == before
    assert out.exists() == (found.exit_code == 0) == (not found.reason)
    return source, out, found


def _faulty(*, of_domain: bool) -> list:
    """Faulty files; the fault of one case is that the samples are not what it was made for."""
    faulty = _cases("broken", "degraded", "collapsed")
    chosen = [each for each in faulty if (each.values[0]["name"] == "ad01_speech") == of_domain]
    return part_of(chosen, 2)


@pytest.mark.parametrize(("case", "candidate"), _faulty(of_domain=False))
def test_a_bad_calibration_is_repaired_without_a_float_model(case, candidate, tmp_path):
    _, out, found = _repaired(case, candidate, tmp_path)
    assert found.reason == ""
    sqnr_db, agreement = _against_float(case["name"], out)
    assert sqnr_db >= 20
    if case["task"] == "classification":
        assert agreement >= 0.98


@pytest.mark.parametrize(("case", "candidate"), part_of(_cases("healthy", "borderline"), 5))
def test_a_sound_file_gets_no_worse(case, candidate, tmp_path):
    if len(np.load(CORPUS / case["name"] / "inputs.npz")["x"]) < CALIBRATED + 20:
        pytest.skip("too few samples")
    source, out, found = _repaired(case, candidate, tmp_path)
    if found.reason or not case["float"]:
        return
    old, new = _against_float(case["name"], source), _against_float(case["name"], out)
    assert new[0] >= old[0]
    if case["task"] == "classification":
        assert new[1] >= old[1]


@pytest.mark.parametrize(("case", "candidate"), _faulty(of_domain=True))
def test_samples_of_another_domain_are_no_reason_to_repair(case, candidate, tmp_path):
    _, _, found = _repaired(case, candidate, tmp_path)
    assert found.exit_code == 1
    shown = next(f for f in found.before.findings if f.rule == "inputs-out-of-domain")
    assert shown.evidence["float_range"][1] > shown.evidence["representable_range"][1]
    assert shown.message in found.reason
