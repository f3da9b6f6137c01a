"""Other steps for the sample photos, whose colours decide: the spec is spoilt, the trial finds it."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from models import OpDef, TensorDef, build_model

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


def by_brightness(slope, shift, *, is_quantized):
    """Pixels -> dark, medium or bright: the largest of -m, 0.3, m + 0.3, of their mean m.

    Of the float model m = slope * mean - shift; the quantized one takes 0..255.
    """
    shape, slopes = (1, 4, 4, 3), np.array([-1, 0, 1], np.float32)
    weights, bias = np.repeat(slopes[:, None] / 48, 48, axis=1), np.array([0, 0.3, 0.3], np.float32)
    if is_quantized:
        scale = 1 / 48 / 127
        tensors = [
            TensorDef("image", shape, "int8", 1.0, -128),
            TensorDef("w", weights.shape, "int8", scale, data=np.sign(weights) * 127),
            TensorDef("b", (3,), "int32", scale, data=np.round(bias / scale)),
            TensorDef("out", (1, 3), "int8", 2.0, 0),
        ]
        return build_model(tensors, [OpDef("FULLY_CONNECTED", [0, 1, 2], [3], version=4)], [0], [3])
    tensors = [
        TensorDef("image", shape),
        TensorDef("w", weights.shape, data=weights * slope),
        TensorDef("b", (3,), data=bias - shift * slopes),
        TensorDef("out", (1, 3)),
    ]
    return build_model(tensors, [OpDef("FULLY_CONNECTED", [0, 1, 2], [3])], [0], [3])


def test_a_candidate_that_was_calibrated_on_raw_pixels_is_asked_through_its_twin(tmp_path):
    """Its int8 input cannot hold -1..1, which its weights were made for."""
    random = np.random.default_rng(3)
    pixels = random.integers(0, 60, (60, 4, 4, 3)) + random.integers(0, 190, (60, 1, 1, 1))
    np.savez(tmp_path / "samples.npz", image=pixels.astype(np.uint8))
    (tmp_path / "float.tflite").write_bytes(by_brightness(1 / 127.5, 1, is_quantized=False))
    (tmp_path / "model.tflite").write_bytes(by_brightness(1, 0, is_quantized=True))
    content = {
        "version": 1,
        "model": {"task": "classification", "reference": "float.tflite"},
        "inputs": {"image": {"kind": "array", "shape": [4, 4, 3]}},
        "dataset": {"path": "samples.npz"},
    }
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(content))
    cause = validate(tmp_path / "spec.yaml", tmp_path / "model.tflite").root_cause
    assert (cause.rule, cause.confidence) == ("preprocessing-not-in-exported-graph", "proven")
    assert "to the float twin of the candidate alone" in cause.proof.action
    assert (cause.proof.before < 0.7, cause.proof.after) == (True, 1.0)
