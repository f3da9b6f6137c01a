"""The sample models on pictures and specs that are wrong in one way, or in two."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from edgecheck import validate

ROOT = Path(__file__).parents[2]
UNIT = {"rescale": {"scale": 0.00392156862745098}}


def report(folder, name, pixels=None, steps=None, *, labelled=True, wrong=0):
    """Of the int8 model; `pixels` spoils stored pictures, `steps` those of the spec, `wrong` labels."""
    source = ROOT / "sample_models" / name
    spec = yaml.safe_load((ROOT / "configs" / f"{name}.yaml").read_text())
    image, files = spec["inputs"]["image"], sorted((source / "images").iterdir())
    del image["range"]
    image["steps"] = (steps or (lambda plain: plain))(image["steps"])
    for file in files:
        values = np.asarray(Image.open(file))
        made = values if pixels is None else pixels(values)
        Image.fromarray(np.ascontiguousarray(made)).save(folder / f"{file.stem}.png")
    with (source / "labels.csv").open(newline="") as table:
        head, *rows = csv.reader(table)
    told = [row[1] for row in rows[wrong:] + rows[:wrong]] if wrong else [row[1] for row in rows]
    lines = [f"{Path(row[0]).stem}.png,{label}" for row, label in zip(rows, told, strict=True)]
    (folder / "labels.csv").write_text("\n".join([",".join(head), *lines]))
    names = {"reference": "float.tflite", "labels": "labels.txt"}
    spec["model"] |= {key: str(source / file) for key, file in names.items()}
    spec["dataset"] = {"path": "*.png", **({"labels": "labels.csv"} if labelled else {})}
    (folder / "spec.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(spec))))
    return validate(folder / "spec.yaml", source / "int8.tflite")


def planar(pixels):
    """Channels first, and read as channels last."""
    return np.moveaxis(pixels, -1, 0).reshape(pixels.shape)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.rot90, "turned by 90 degrees to the right"),
        (lambda x: np.rot90(x, 2), "upside down"),
        (lambda x: np.rot90(x, 3), "turned by 90 degrees to the left"),
        (np.fliplr, "mirrored left to right"),
        (np.flipud, "mirrored top to bottom"),
        (np.transpose, "rows and columns exchanged"),
    ],
)
def test_turned_digits_are_named_with_what_turns_them_back(tmp_path, pixels, words):
    cause = report(tmp_path, "digits", pixels).root_cause
    assert (cause.rule, cause.confidence) == ("orientation-mismatch", "proven")
    assert words in cause.proof.action
    assert cause.proof.before < 0.6
    assert cause.proof.after > 0.9


@pytest.mark.parametrize(
    ("pixels", "steps", "rule", "least"),
    [
        (lambda x: x[..., [1, 2, 0]], None, "channel-order-swapped", 0.9),
        (planar, None, "layout-nchw-nhwc", 0.7),  # resizing the scrambled picture lost some of it
        (None, lambda s: [*s, *s[2:]], "input-double-normalized", 0.9),
    ],
    ids=["channels", "layout", "twice"],
)
def test_spoilt_photos_are_named_and_proven(tmp_path, pixels, steps, rule, least):
    cause = report(tmp_path, "photos", pixels, steps).root_cause
    assert (cause.rule, cause.confidence) == (rule, "proven")
    assert cause.proof.before < 0.5
    assert cause.proof.after > least


@pytest.mark.parametrize(
    ("name", "pixels", "steps", "rules"),
    [
        ("digits", np.flipud, lambda s: [*s[:2], UNIT], {"input-range-mismatch", "orientation-mismatch"}),
        ("digits", np.rot90, lambda s: s[:2], {"input-not-normalized", "orientation-mismatch"}),
        ("photos", lambda x: x[..., ::-1], lambda s: s[:3], {"channel-order-swapped", "input-range-mismatch"}),
    ],
    ids=["flip-unit", "rot-raw", "bgr-unit"],
)  # fmt: skip
def test_two_faults_at_once_are_both_named(tmp_path, name, pixels, steps, rules):
    causes = report(tmp_path, name, pixels, steps).causes
    assert {cause.rule for cause in causes[:2]} == rules
    assert all(cause.confidence == "proven" and cause.proof.after > 0.9 for cause in causes[:2])


@pytest.mark.parametrize("wrong", [40, 97])
def test_labels_that_are_hard_to_meet_accuse_no_step(tmp_path, wrong):
    """Digits whose labels belong to others: nothing that is done to pictures mends that."""
    found = report(tmp_path, "digits", wrong=wrong)
    assert not [f.rule for f in found.findings if f.proof is not None]
    assert not [
        f for f in found.findings if f.rule.startswith(("input-", "orientation", "channel"))
    ]


@pytest.mark.parametrize(
    "steps",
    [
        lambda s: [s[0], {"resize": {"size": [24, 24], "method": "nearest"}}, *s[2:]],
        lambda s: [s[0], {"center-crop": 24}, *s[2:]],
    ],
    ids=["nearest", "crop"],
)
def test_a_resize_that_costs_little_is_not_named(tmp_path, steps):
    assert report(tmp_path, "photos", steps=steps).verdict == "pass"


def test_without_labels_turned_digits_are_not_guessed_at(tmp_path):
    assert report(tmp_path, "digits", np.rot90, labelled=False).verdict == "pass"
