"""Which checks a spec asks for, so that none is planned only to be skipped."""

import pytest
from evidence import model, output_tensor, spec, tensor

from edgecheck.checks.table import CHECKS

LABELLED = {
    "label-count", "label-order", "training", "label-balance", "reference-accuracy",
    "recorded-steps", "reshaped-axes",
}  # fmt: skip


def planned(task, *, names=None, labels=None):
    described = {"task": task} | ({} if names is None else {"labels": names})
    dataset = {"path": "data.npz"} | ({} if labels is None else {"labels": labels})
    given = spec(model=described, dataset=dataset)
    return {check.name for check in CHECKS if check.is_asked(given, None)} & LABELLED


@pytest.mark.parametrize(
    ("task", "given", "expected"),
    [
        ("classification", {"labels": "y"}, LABELLED),
        ("classification", {}, {"label-balance"}),
        ("classification", {"names": "labels.txt"}, {"label-balance", "label-count"}),
        ("regression", {"labels": "y"}, {"label-count", "reference-accuracy"}),
        ("regression", {}, set()),
        ("segmentation", {"labels": "y"}, {"label-count", "reference-accuracy"}),
        ("autoencoder", {}, {"reference-accuracy"}),
        ("embedding", {}, set()),
    ],
)
def test_labels_are_judged_only_where_the_spec_has_them(task, given, expected):
    assert planned(task, **given) == expected


OF_A_FILE = {"quantization-scales", "calibration-range"}
PROMISED = {"quantization-scheme", "input-range", "layer-float16"}


def left_out(given, file=None):
    return {check.name for check in CHECKS if not check.is_asked(given, file)}


def test_most_checks_are_asked_for_by_every_spec():
    assert left_out(spec()) <= LABELLED | PROMISED


def test_what_a_spec_promises_is_judged():
    half = {"task": "classification", "quantization": "float16"}
    assert not left_out(spec({"image": {"range": (-1.0, 1.0)}}, model=half)) & PROMISED
    assert left_out(spec({"image": {}})) >= PROMISED


@pytest.mark.parametrize(("dtype", "expected"), [("int8", set()), ("float32", OF_A_FILE)])
def test_ranges_and_scales_are_judged_only_where_the_file_has_some(dtype, expected):
    file = model([tensor(dtype=dtype), output_tensor(dtype=dtype)])
    assert left_out(spec(), file) & OF_A_FILE == expected
