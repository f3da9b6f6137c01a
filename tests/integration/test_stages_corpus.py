"""Which stage is blamed for what published files lose, by their ground truth."""

import json
import os
from pathlib import Path

import pytest
import yaml
from field_corpus import part_of

from edgecheck.validation import Options, validate

CORPUS = Path(os.environ.get("EDGECHECK_CORPUS", "/no/corpus"))
needs_corpus = pytest.mark.skipif(not CORPUS.exists(), reason="EDGECHECK_CORPUS names no folder")
pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")


def _cases(verdicts):
    """Candidates of these verdicts that were published with their float file."""
    if not CORPUS.exists():
        return []
    manifest = json.loads((CORPUS / "manifest.json").read_text())
    return [
        pytest.param(case, candidate["file"], id=f"{case['name']}-{candidate['file']}")
        for case in manifest["cases"]
        for candidate in case["candidates"]
        if case["float"] is not None and candidate["verdict"] in verdicts
    ]


def _report(case, candidate, folder, float_file):
    here = (CORPUS / case["name"]).resolve()
    labels = next((key for key in ("y", "y_any") if key in case["inputs"]["keys"]), None)
    dataset = {"path": str(here / case["inputs"]["file"]), "arrays": {"x": "x"}}
    spec = {
        "version": 1,
        "model": {"task": case["task"], "reference": str(here / float_file)},
        "inputs": {"x": {"kind": "array", "shape": case["inputs"]["shape"][1:]}},
        "dataset": dataset | ({"labels": labels} if labels else {}),
    }
    (folder / "spec.yaml").write_text(yaml.safe_dump(spec))
    return validate(folder / "spec.yaml", here / candidate, Options(layers="always"))


def _guilty(report):
    assert report.error is None
    assert len(report.stages) == 3
    return [stage.name for stage in report.stages if stage.is_guilty]


@needs_corpus
@pytest.mark.parametrize(("case", "file"), part_of(_cases({"healthy"}), 4))
def test_nobody_is_guilty_of_a_healthy_file(case, file, tmp_path):
    assert _guilty(_report(case, file, tmp_path, case["float"])) == []


@needs_corpus
@pytest.mark.parametrize(("case", "file"), part_of(_cases({"degraded", "broken", "collapsed"}), 4))
def test_calibration_is_a_fault_of_the_activations(case, file, tmp_path):
    assert _guilty(_report(case, file, tmp_path, case["float"])) == ["activations"]


@needs_corpus
def test_a_float_file_of_another_training_is_a_fault_of_the_weights(tmp_path):
    manifest = json.loads((CORPUS / "manifest.json").read_text())
    case = next(c for c in manifest["cases"] if c["name"] == "conv_fc_mnist_other_weights")
    found = _report(case, case["candidates"][0]["file"], tmp_path, case["related_float"])
    assert _guilty(found) in (["weights"], [])
    first = found.stages[0].step
    assert first.sqnr_db < 15 < found.stages[1].step.sqnr_db
