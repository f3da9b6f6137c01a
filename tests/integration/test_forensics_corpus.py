"""What published files were calibrated on, through the whole of `validate`."""

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

RULES = ("calibrated-on-noise", "calibrated-on-one-sample")
AT_HAND = {"meter_dig1110s1": "inputs.npz[104]"}
"""The one whose calibration picture is among the samples of the case."""
TASKS = {"classification", "regression", "autoencoder"}


def _cases():
    if not CORPUS.exists():
        return []
    manifest = json.loads((CORPUS / "manifest.json").read_text())
    return [
        pytest.param(case, candidate, id=f"{case['name']}-{candidate['file']}")
        for case in manifest["cases"]
        for candidate in case["candidates"]
    ]


def _part():
    told = [each for each in _cases() if _truth(each.values[1]) is not None]
    others = [each for each in _cases() if _truth(each.values[1]) is None]
    return [*part_of(told, 4), *part_of(others, 4)]


def _truth(candidate):
    """The rule that the manifest's words stand for."""
    words = (candidate["cause"] or "") + candidate.get("known_defect", "")
    for part, rule in (("random images", RULES[0]), ("ONE picture", RULES[1])):
        if f"calibrated on {part}" in words or f"500 uniform {part}" in words:
            return rule
    return None


def _report(case, candidate, folder, layers):
    task = case["task"] if case["task"] in TASKS else "other"
    folder_of_case = CORPUS / case["name"]
    spec = {
        "version": 1,
        "model": {"task": task},
        "inputs": {"x": {"kind": "array", "shape": case["inputs"]["shape"][1:]}},
        "dataset": {"path": str(folder_of_case / "inputs.npz"), "arrays": {"x": "x"}},
    }
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(spec))
    return validate(path, folder_of_case / candidate["file"], Options(layers=layers))


@needs_corpus
def test_the_manifest_names_two_files_of_noise_and_seven_of_one_picture():
    truths = [_truth(case.values[1]) for case in _cases()]
    assert [truths.count(rule) for rule in RULES] == [2, 7]


@needs_corpus
@pytest.mark.parametrize(("case", "candidate"), _part())
def test_the_calibration_is_told_and_changes_no_verdict(case, candidate, tmp_path):
    report = _report(case, candidate, tmp_path, "always")
    found = [finding for finding in report.findings if finding.rule in RULES]
    truth = _truth(candidate)
    assert [finding.rule for finding in found] == ([] if truth is None else [truth])
    if truth is None:
        return
    assert found[0].evidence.get("sample") == AT_HAND.get(case["name"])
    without = _report(case, candidate, tmp_path, "never")
    assert report.exit_code == without.exit_code
    if report.exit_code:
        assert report.root_cause.rule == truth
    else:
        assert found[0].severity == "info"
