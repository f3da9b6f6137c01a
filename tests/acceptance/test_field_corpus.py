"""Published models with ground truth, where a copy of the field corpus is at hand."""

import json
import os
from pathlib import Path

import pytest
import yaml

from edgecheck import validate
from edgecheck.runs.draft import Options

CORPUS = os.environ.get("EDGECHECK_CORPUS")
EXPECTED = {"healthy": {0}, "borderline": {0, 1}}
"""Exit codes by verdict; every other verdict must fail."""

CAUSES = {
    "calibration-unrepresentative": {
        "calibrated-on-noise",
        "calibrated-on-one-sample",
        "calibration-unrepresentative",
    },
    "wrong-domain inputs": {"inputs-out-of-domain"},
}
"""First words of the manifest's cause -> rules that name it; some say what the samples were, too."""

PROVEN = {"calibration-unrepresentative"}
"""Those that an experiment can undo: nobody has the samples that the others need."""


def _cases():
    if CORPUS is None:
        return []
    manifest = json.loads((Path(CORPUS) / "manifest.json").read_text())
    return [
        pytest.param(case, candidate, id=f"{case['name']}/{candidate['file']}")
        for case in manifest["cases"]
        if case["float"] is not None
        for candidate in case["candidates"]
    ]


def _spec(case):
    """A spec as the publisher would have written it, from the manifest alone."""
    folder = Path(CORPUS).resolve() / case["name"]
    keys = case["inputs"]["keys"]
    labels = next((key for key in ("y", "y_any") if key in keys), None)
    return {
        "version": 1,
        "model": {"task": case["task"], "reference": str(folder / case["float"])},
        "inputs": {"x": {"kind": "array", "shape": case["inputs"]["shape"][1:]}},
        "dataset": {
            "path": str(folder / case["inputs"]["file"]),
            "arrays": {"x": "x"},
            **({"labels": labels} if labels else {}),
        },
    }


@pytest.mark.skipif(CORPUS is None, reason="EDGECHECK_CORPUS names no folder")
@pytest.mark.parametrize(("case", "candidate"), _cases())
def test_verdict_matches_the_ground_truth(case, candidate, tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_text(yaml.safe_dump(_spec(case)))
    report = validate(spec, Path(CORPUS) / case["name"] / candidate["file"])
    assert report.error is None, report.error
    assert report.exit_code in EXPECTED.get(candidate["verdict"], {1}), report.summary
    if report.verdict == "pass":
        assert (report.root_cause, report.causes, report.undecided) == (None, (), None)
    for who in ("float", "candidate"):
        _assert_score(candidate, who, report.metrics)


@pytest.mark.skipif(CORPUS is None, reason="EDGECHECK_CORPUS names no folder")
@pytest.mark.parametrize("reference", [None, "twin"])
@pytest.mark.parametrize(("case", "candidate"), _cases())
def test_the_cause_is_named_and_proven(case, candidate, reference, tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_text(yaml.safe_dump(_spec(case)))
    model = Path(CORPUS) / case["name"] / candidate["file"]
    report = validate(spec, model, Options(reference=reference))
    stated = next((words for words in CAUSES if (candidate["cause"] or "").startswith(words)), None)
    if candidate["verdict"] == "healthy":
        assert (stated, report.causes) == (None, ())
    if stated is None:
        assert all(cause.proof is None for cause in report.causes)
        return
    assert report.root_cause.rule in CAUSES[stated]
    assert (report.root_cause.confidence == "proven") == (stated in PROVEN)
    if stated in PROVEN:
        _assert_restored(report.root_cause.proof)


def _assert_restored(proof):
    """Better beyond doubt on unseen samples, and by the labels, too."""
    assert proof.samples == 128
    assert proof.metric == "agreement"
    assert proof.before < 0.96
    assert proof.after > 0.98
    assert proof.accuracy_after > proof.accuracy_before


def _assert_score(candidate, who, metrics):
    """The measured score is the published one, in whatever unit the case has."""
    expected = candidate[f"{who}_score"]
    if expected is None:
        return
    side = "reference" if who == "float" else "candidate"
    if candidate["metric"] == "accuracy":
        assert getattr(metrics.accuracy, side) == pytest.approx(expected, abs=0.02)
    elif candidate["metric"] == "mean absolute error":
        assert getattr(metrics.errors, side).mae == pytest.approx(expected, rel=0.05)
    else:
        assert candidate["metric"] == "mean squared reconstruction error"
        assert getattr(metrics.errors, side).rmse ** 2 == pytest.approx(expected, rel=0.05)
