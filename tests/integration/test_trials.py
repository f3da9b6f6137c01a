"""Other steps for the sample photos, whose colours decide: the spec is spoilt, the trial finds it."""

from pathlib import Path

import pytest
import yaml

from edgecheck import validate

ROOT = Path(__file__).parents[2]
PHOTOS = ROOT / "sample_models" / "photos"
SWAPPED, TWICE = {"channel-order": "BGR"}, {"rescale": {"scale": 2.0, "offset": -1.0}}


def report(folder, change, *, labelled=True):
    """Of the int8 model, its spec changed by `change(steps)`."""
    spec = yaml.safe_load((ROOT / "configs" / "photos.yaml").read_text())
    image = spec["inputs"]["image"]
    image["steps"] = change(image["steps"])
    del image["range"]
    names = {"reference": "float.tflite", "labels": "labels.txt"}
    spec["model"] |= {key: str(PHOTOS / name) for key, name in names.items()}
    spec["dataset"] |= {"path": str(PHOTOS / "images/*.jpg"), "labels": str(PHOTOS / "labels.csv")}
    if not labelled:
        del spec["dataset"]["labels"]
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(spec))
    return validate(path, PHOTOS / "int8.tflite")


@pytest.mark.parametrize(
    ("change", "rule", "fix"),
    [
        (lambda s: [s[0], SWAPPED, *s[1:]], "channel-order-swapped", "Take `channel-order: BGR`"),
        (lambda s: s[:2], "input-not-normalized", "`normalize: {mean: [0.485, 0.456, 0.406]"),
        (lambda s: s[:3], "input-range-mismatch", "Add `normalize: {mean: [0.485, 0.456"),
        (lambda s: [*s[:3], TWICE], "input-range-mismatch", "Take `rescale: {scale: 2"),
    ],
    ids=["channels", "raw", "unit", "signed"],
)
def test_steps_that_training_had_not_are_named_and_proven(tmp_path, change, rule, fix):
    found = report(tmp_path, change)
    cause = found.root_cause
    assert found.exit_code == 1
    assert (cause.rule, cause.confidence) == (rule, "proven")
    assert cause.proof.before < 0.5
    assert cause.proof.after > 0.9
    assert fix in cause.fix


def test_the_right_steps_have_no_such_finding(tmp_path):
    assert report(tmp_path, lambda steps: steps).verdict == "pass"


def test_without_labels_two_models_that_agree_tell_nothing_about_colours(tmp_path):
    found = report(tmp_path, lambda s: [s[0], SWAPPED, *s[1:]], labelled=False)
    assert "channel-order-swapped" not in [finding.rule for finding in found.findings]
