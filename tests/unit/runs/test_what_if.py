"""The table of usual mistakes: right by a slow formula, only where wanted, safe to print."""

from dataclasses import replace

import numpy as np
import pytest
import yaml
from models import OpDef, TensorDef, build_model, float_dense, int8_dense, two_input_add
from reports import passing

from edgecheck.measurements import WhatIf
from edgecheck.quantization import QuantParams, quantize
from edgecheck.report.json_format import to_dict
from edgecheck.report.text_format import render
from edgecheck.report.text_lines import WIDTH
from edgecheck.validation import Options, validate

RANDOM = np.random.default_rng(5)
SIDE, CLASSES = 8, 5
PICTURES = RANDOM.integers(0, 256, (100, SIDE, SIDE), np.uint8)
WEIGHTS = RANDOM.normal(0, 0.3, (CLASSES, SIDE * SIDE)).astype(np.float32)
BIAS = np.zeros(CLASSES, np.float32)
MODEL = int8_dense(WEIGHTS, BIAS, (0.0, 1.0), (-6.0, 6.0))


def report(folder, model=MODEL, *, rows=None, inputs=None, spec_task="classification", **options):
    flat = PICTURES.reshape(len(PICTURES), -1)
    np.save(folder / "rows.npy", flat if rows is None else rows)
    scaled = {"kind": "array", "shape": [SIDE * SIDE], "steps": [{"rescale": {"scale": 1 / 255}}]}
    spec = {
        "version": 1,
        "model": {"task": spec_task},
        "inputs": inputs or {"x": scaled},
        "dataset": {"path": "rows.npy"},
    }
    (folder / "spec.yaml").write_text(yaml.safe_dump(spec))
    (folder / "model.tflite").write_bytes(model)
    return validate(folder / "spec.yaml", folder / "model.tflite", Options(**options))


def by_key(found):
    return {row.mistake: row for row in found.what_if}


def test_a_healthy_run_that_was_not_asked_imagines_nothing(tmp_path):
    found = report(tmp_path)
    assert found.verdict == "pass"
    assert found.what_if == ()
    assert "what-if" not in {check.name for check in found.checks}


def test_answers_to_a_cast_are_those_of_the_codes_that_arrive(tmp_path):
    rows = by_key(report(tmp_path, what_if=True))
    healthy, cast = rows[None], rows["cast-without-scale"]
    assert healthy.agreement == 1.0
    assert healthy.sqnr_db == np.inf
    # (int8_t)x of x in [0, 1]: 0, and 1 where the pixel is 255; the zero point of the input is -128.
    places = [number * len(PICTURES) // healthy.samples for number in range(healthy.samples)]
    used = PICTURES[places].reshape(healthy.samples, -1)
    real = ((used == 255).astype(np.float64) + 128) / 255
    top = (real @ WEIGHTS.T.astype(np.float64)).argmax(axis=1)
    names, counts = np.unique(top, return_counts=True)
    assert cast.top_class == names[counts.argmax()]
    assert cast.top_class_share == counts.max() / len(used)
    assert cast.rule == "input-cast-without-quantization"


def test_shares_are_of_the_samples_that_are_stated(tmp_path):
    found = report(tmp_path, what_if=True)
    for row in found.what_if:
        assert row.samples == 64
        assert 0 <= row.agreement <= 1
        assert row.accuracy is None
        assert row.top_class_share >= 1 / CLASSES


def test_a_broken_file_gets_the_table_unasked(tmp_path):
    narrow = int8_dense(WEIGHTS, BIAS, (0.0, 1.0), (-0.1, 0.1))
    found = report(tmp_path, narrow)
    assert found.verdict == "fail"
    assert found.what_if[0].mistake is None


def test_values_that_are_no_classes_are_told_by_their_size(tmp_path):
    found = report(tmp_path, what_if=True, spec_task="other")
    zeros = by_key(found)["zeros"]
    assert zeros.top_class is None
    assert zeros.agreement is None
    assert zeros.distinct_outputs == 1
    codes = quantize(np.array([0.0], np.float32), QuantParams((1 / 255,), (-128,)), "int8")
    assert codes[0] == -128  # a buffer of zeros is 128 / 255 for this input, not 0
    expected = (WEIGHTS.astype(np.float64) * 128 / 255).sum(axis=1).mean()
    assert abs(zeros.typical_value - expected) < 0.05


def test_every_input_has_its_rows(tmp_path):
    rows = np.random.default_rng(0).normal(0, 1, (60, 4)).astype(np.float32)
    np.savez(tmp_path / "both.npz", left=rows, right=rows[::-1])
    spec = {
        "version": 1,
        "model": {"task": "other"},
        "inputs": {name: {"kind": "array", "shape": [4]} for name in ("left", "right")},
        "dataset": {"path": "both.npz"},
    }
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec))
    (tmp_path / "model.tflite").write_bytes(two_input_add())
    found = validate(tmp_path / "spec.yaml", tmp_path / "model.tflite", Options(what_if=True))
    assert {row.input for row in found.what_if} == {"left", "right"}


def test_text_fits_and_says_what_changes_nothing(tmp_path):
    shown = render(report(tmp_path, what_if=True))
    assert max(map(len, shown.splitlines())) <= WIDTH
    assert "values cast to int8, not quantized" in " ".join(shown.split())
    assert "No difference here: codes beyond the range wrapped round" in " ".join(shown.split())


def test_hostile_names_stay_on_their_line(tmp_path):
    found = report(tmp_path, what_if=True)
    bad = "a\x1b[31m\nb" + "x" * 200
    rows = tuple(replace(row, top_class_label=bad, output=bad) for row in found.what_if)
    shown = render(replace(found, what_if=rows))
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= WIDTH


def test_json_spells_what_is_not_finite():
    row = WhatIf("x", None, None, "as the spec says", "y", 3, 1, float("nan"), float("inf"))
    text = to_dict(replace(passing(), what_if=(row,)))
    assert text["what_if"][0]["typical_value"] == "nan"
    assert text["what_if"][0]["sqnr_db"] == "inf"


def test_bytes_in_another_order_overflow_nothing(tmp_path):
    rows = np.random.default_rng(0).normal(0, 1, (60, 4)).astype(np.float32)
    plain = {"x": {"kind": "array", "shape": [4]}}
    model = float_dense(np.eye(4, dtype=np.float32), np.zeros(4, np.float32))
    found = report(tmp_path, model, rows=rows, inputs=plain, spec_task="other", what_if=True)
    assert "byte-swapped" in by_key(found)
    assert "crashed" not in {check.status for check in found.checks}


def test_two_inputs_of_one_shape_are_exchanged(tmp_path):
    """left - right: exchanged, every answer has the other sign."""
    left, right = RANDOM.normal(size=(2, 40, 4)).astype(np.float32)
    np.savez(tmp_path / "rows.npz", left=left, right=right)
    ports = {name: {"kind": "array", "shape": [4]} for name in ("left", "right")}
    arrays = {"path": "rows.npz", "arrays": {name: name for name in ports}}
    task = {"task": "regression"}
    spec = {"version": 1, "model": task, "inputs": ports, "dataset": arrays}
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec))
    tensors = [TensorDef(name, (1, 4)) for name in ("left", "right", "difference")]
    model = build_model(tensors, [OpDef("SUB", [0, 1], [2])], [0, 1], [2])
    (tmp_path / "model.tflite").write_bytes(model)
    found = validate(tmp_path / "spec.yaml", tmp_path / "model.tflite", Options(what_if=True))
    (row,) = (row for row in found.what_if if row.mistake == "inputs-exchanged")
    assert (row.input, row.rule) == ("left", "io-order-swapped")
    # The error is twice the answer, of any size: 10 log10(1 / 4).
    assert row.sqnr_db == pytest.approx(-6.02, abs=0.01)


def test_a_model_that_answers_nan_has_no_table(tmp_path):
    found = report(tmp_path, float_dense(WEIGHTS * np.nan, BIAS), what_if=True)
    assert found.what_if == ()
    (check,) = (check for check in found.checks if check.name == "what-if")
    assert "NaN" in check.reason


def test_nan_is_shown_as_such_and_is_like_nothing(tmp_path):
    found = report(tmp_path, what_if=True)
    rows = (replace(found.what_if[1], top_class=None, agreement=0.0),)
    assert "NaN" in render(replace(found, what_if=found.what_if[:1] + rows))
