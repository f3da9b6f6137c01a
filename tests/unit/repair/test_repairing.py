"""Repairs of the digits model, and every reason to decline, in LiteRT."""

from dataclasses import replace

import numpy as np
import pytest
import yaml
from command_line import COLLAPSED, DIGITS, HEALTHY, SPEC
from models import float_dense, int8_dense

from edgecheck import repair
from edgecheck.compare.calibration_ranges import gather
from edgecheck.compare.stream import SideFault
from edgecheck.errors import LoadFault, ReportUnwritable
from edgecheck.recalibration import workshop
from edgecheck.repair import RepairOptions, repairing
from edgecheck.report import json_format
from edgecheck.runs.draft import Options
from edgecheck.runtime.discovery import candidates
from edgecheck.tflite.dequantize.twin import twin_of
from edgecheck.tflite.reader import load_model, read_model
from edgecheck.tflite.recalibrate.activation_ranges import stored_ranges
from edgecheck.tflite.recalibrate.recalibrated import BiasOverflow
from edgecheck.validation import validate

RANDOM = np.random.default_rng(4)
WEIGHTS = RANDOM.normal(0, 1, (3, 4)).astype(np.float32)
BIAS = RANDOM.normal(0, 1, 3).astype(np.float32)
ROWS = RANDOM.uniform(-1, 1, (120, 4)).astype(np.float32)


@pytest.fixture(autouse=True)
def only_litert(monkeypatch):
    """The other runtimes take seconds to start; the integration tests run them."""
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")
    monkeypatch.setattr(workshop, "candidates", lambda *_: candidates("litert", None))


def repaired(spec, model, out, **options):
    shared = {"limit": options.pop("limit", 120)}
    calibrate, force = options.pop("calibrate", None), options.pop("force", False)
    shared |= options
    found = repair.repair(
        spec, model, out, RepairOptions(Options(**shared), calibrate, force), lambda *_: None
    )
    assert found.exit_code == 0 or not out.exists()
    return found


@pytest.fixture
def dense(tmp_path):
    """A spec of a dense classifier with softmax, and the model with given logits and labels."""

    def write(logits=(-1.5, 1), *, labels=None, data=None, rows=ROWS, **sections):
        model = tmp_path / "model.tflite"
        model.write_bytes(data or int8_dense(WEIGHTS, BIAS, (-1, 1), logits, softmax=True))
        arrays = {"x": rows} | ({} if labels is None else {"y": labels})
        np.savez(tmp_path / "rows.npz", **arrays)
        dataset = {"path": "rows.npz"} | ({} if labels is None else {"labels": "y"})
        content = {
            "version": 1,
            "model": {"task": "classification"},
            "inputs": {"x": {"kind": "array", "shape": [4]}},
            "dataset": dataset,
            **sections,
        }
        path = tmp_path / "spec.yaml"
        path.write_text(yaml.safe_dump(content))
        return path, model, tmp_path / "fixed.tflite"

    return write


def test_a_collapsed_file_is_written_anew_and_passes(tmp_path):
    before = COLLAPSED.read_bytes()
    out = tmp_path / "fixed.tflite"
    found = repaired(SPEC, COLLAPSED, out)
    assert (found.reason, found.exit_code, found.calibrated) == ("", 0, 60)
    assert (found.before.verdict, found.after.verdict) == ("fail", "pass")
    assert found.before.metrics.sqnr_db < 10
    assert found.after.metrics.sqnr_db > 30
    assert validate(SPEC, out).verdict == "pass"
    assert COLLAPSED.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["fixed.tflite"]
    (port,) = found.ports
    assert (port.kind, port.before.scale) == ("input", 1.0)
    assert port.after.scale == pytest.approx(2 / 255, rel=0.01)


def test_clipped_logits_are_repaired_without_a_reference(dense):
    spec, model, out = dense()
    found = repaired(spec, model, out)
    assert found.reason == ""
    was, now = (stored_ranges(load_model(path)[1]) for path in (model, out))
    real = ROWS @ WEIGHTS.T + BIAS
    assert now[0, 3] == pytest.approx((real.min(), real.max()), abs=0.3)
    assert now[0, 0] == was[0, 0]  # the input fits: device code may hold its parameters
    assert (found.changed_activations, found.ports) == (1, ())
    assert set(found.scores_db) == {
        "min/max", "percentile 99.99", "percentile 99.9", "least squared error",
    }  # fmt: skip


def number_of(name):
    """Of a sample whose id is `rows.npz[12]`."""
    return int(name.partition("[")[2][:-1])


def test_the_report_after_is_about_the_file_that_was_asked_for(dense):
    spec, model, out = dense()
    found = repaired(spec, model, out)
    assert found.after.environment["model"]["path"] == str(out)
    assert found.after.environment["model"]["sha256"] == read_model(out.read_bytes()).sha256
    assert "recalibrated.tflite" not in json_format.render(found)


def test_no_sample_is_both_calibrated_and_judged_on(dense, monkeypatch):
    spec, model, out = dense()
    seen = []

    def watched(setup, twin, dataset, progress):
        seen.extend(name for chunk in dataset.chunks(7) for name in chunk.ids)
        return gather(setup, twin, dataset, progress)

    monkeypatch.setattr(workshop, "gather", watched)
    found = repaired(spec, model, out, calibrate=30)
    assert len(set(seen)) == len(seen) == found.calibrated == 30
    assert found.calibrated_ids == tuple(sorted(seen, key=number_of))
    assert found.seed == 0
    drawn = np.random.Generator(np.random.PCG64(0)).choice(120, 30, replace=False)
    assert sorted(drawn) == list(map(number_of, found.calibrated_ids))
    judged = {worst.id for report in (found.before, found.after) for worst in report.worst_samples}
    assert judged
    assert judged.isdisjoint(seen)
    assert found.before.metrics.samples == found.after.metrics.samples == 90


def test_the_first_samples_calibrate_where_the_spec_says_so(dense):
    spec, model, out = dense()
    content = yaml.safe_load(spec.read_text())
    content["dataset"]["order"] = "file"
    spec.write_text(yaml.safe_dump(content))
    found = repaired(spec, model, out, calibrate=40)
    ids = {worst.id for worst in found.before.worst_samples}
    assert all(int(name.partition("[")[2][:-1]) >= 40 for name in ids)


def test_a_good_model_is_declined(tmp_path):
    found = repaired(SPEC, HEALTHY, tmp_path / "fixed.tflite")
    assert (found.before.verdict, found.exit_code) == ("pass", 1)
    assert any(words in found.reason for words in ("gain nothing", "make it worse", "already"))


@pytest.mark.parametrize("softmax", [True, False])
def test_a_float_model_is_declined(dense, softmax):
    spec, model, out = dense(data=float_dense(WEIGHTS, BIAS, softmax=softmax))
    found = repaired(spec, model, out)
    assert (found.exit_code, found.after) == (1, None)
    assert "not quantized" in found.reason


def test_steps_that_the_float_model_cannot_work_with_are_not_calibrated_to(tmp_path):
    text = SPEC.read_text().replace("../sample_models/digits", DIGITS.as_posix())
    wrong = text.replace("scale: 0.00784313725490196, offset: -1", "scale: -3, offset: 400")
    assert wrong != text
    path = tmp_path / "spec.yaml"
    path.write_text(wrong.replace("range: [-1, 1]", "range: [-365, 400]"))
    found = repaired(path, HEALTHY, tmp_path / "fixed.tflite")
    assert found.exit_code == 1
    assert "does not meet the labels either" in found.reason


def test_without_labels_an_input_range_that_does_not_fit_is_nobodys_fault(dense):
    spec, model, out = dense((-6, 6), rows=ROWS * np.float32(20))
    found = repaired(spec, model, out)
    assert found.exit_code == 1
    assert "no labels tell which" in found.reason


def test_a_doubt_that_the_spec_ignores_is_no_refusal_but_is_told(dense):
    rule, reason = "calibration-preprocessing-mismatch", "the steps are those of training"
    spec, model, out = dense(
        (-6, 6), rows=ROWS * np.float32(20), ignore=[{"rule": rule, "reason": reason}]
    )
    found = repaired(spec, model, out)
    assert (found.reason, found.written) == ("", str(out))
    (overruled,) = found.overruled
    assert (overruled.rule, overruled.reason) == (rule, reason)
    assert overruled.message == found.before.ignored[0].message


def test_an_ignored_finding_that_would_not_have_stopped_it_overrules_nothing(dense):
    entry = {"rule": "parity-loss", "reason": "known"}
    found = repaired(*dense(ignore=[entry]))
    assert [finding.rule for finding in found.before.ignored] == ["parity-loss"]
    assert (found.reason, found.overruled) == ("", ())


def test_without_any_reference_nothing_could_be_proven(dense):
    found = repaired(*dense(), reference="none")
    assert (found.exit_code, found.error.kind, found.before) == (2, "usage", None)
    assert "no float model to prove" in found.reason


def test_a_file_that_cannot_be_written_leaves_the_reports_of_the_work(dense, monkeypatch):
    def full(*_, **__):
        raise ReportUnwritable("cannot write: No space left on device")

    monkeypatch.setattr(repairing, "write_new", full)
    found = repaired(*dense())
    assert (found.exit_code, found.written, found.error.kind) == (3, None, "report-unwritable")
    assert found.after.metrics.sqnr_db > found.before.metrics.sqnr_db
    assert found.method in found.scores_db


def test_with_labels_that_the_twin_meets_it_is_the_calibration(dense):
    rows = ROWS * np.float32(20)
    labels = (rows @ WEIGHTS.T + BIAS).argmax(1)
    spec, model, out = dense((-6, 6), rows=rows, labels=labels)
    found = repaired(spec, model, out)
    assert found.reason == ""
    assert {port.kind for port in found.ports} == {"input"}


def test_a_file_that_a_runtime_refuses_is_not_written(dense, monkeypatch):
    spec, model, out = dense()
    score = workshop.Workshop.score

    def refused(shop, data, dataset, progress):
        if len(shop.setup.backends) == 1 and data != model.read_bytes():
            return -np.inf
        return score(shop, data, dataset, progress)

    two = candidates("auto", None)
    options = {"runtime": "auto"}
    if len(two) < 2:
        pytest.skip("the run and the trial are told apart by their number of runtimes")
    monkeypatch.setattr(workshop.Workshop, "score", refused)
    found = repaired(spec, model, out, **options)
    assert "litert runs the original, but not the recalibrated file" in found.reason


def test_a_range_too_narrow_for_a_bias_is_left_out(dense, monkeypatch):
    _, model, _ = dense()
    data, parsed = load_model(model)
    twin = twin_of(data, parsed)
    real = workshop.recalibrated

    def overflowing(data, model, ranges):
        if (0, 0) in ranges:
            raise BiasOverflow("bias", (0, 2), (0, 0))
        return real(data, model, ranges)

    monkeypatch.setattr(workshop, "recalibrated", overflowing)
    fixed = workshop.written(data, twin, {(0, 0): (-1e-9, 1e-9), (0, 3): (-8.0, 8.0)})
    now = stored_ranges(read_model(fixed))
    assert now[0, 0] == stored_ranges(parsed)[0, 0]
    assert now[0, 3] == pytest.approx((-8, 8), abs=0.1)


def test_a_twin_that_dies_is_a_reason_and_no_crash(dense, monkeypatch):
    spec, model, out = dense()

    def dies(*_):
        raise SideFault("twin", LoadFault("no such kernel"), None)

    monkeypatch.setattr(workshop, "gather", dies)
    found = repaired(spec, model, out)
    assert (found.exit_code, "no such kernel" in found.reason) == (1, True)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"limit": 25}, 3, "there are 25 samples"),
        ({"calibrate": 110}, 2, "--calibrate 110 of 120"),
        ({"calibrate": 3}, 2, "--calibrate 3 of 120"),
    ],
)
def test_too_few_samples_end_it(dense, options, code, words):
    spec, model, out = dense()
    found = repaired(spec, model, out, **options)
    assert (found.exit_code, found.before.exit_code) == (code, code)
    assert words in found.reason


def test_a_model_that_is_none_ends_it_as_in_validate(dense):
    spec, model, out = dense()
    model.write_bytes(b"nothing")
    assert repaired(spec, model, out).exit_code == 3


def test_no_dataset_is_declined_with_the_reason(dense):
    spec, model, out = dense(dataset=None)
    content = {k: v for k, v in yaml.safe_load(spec.read_text()).items() if v is not None}
    spec.write_text(yaml.safe_dump(content))
    found = repaired(spec, model, out)
    assert "no `dataset`" in found.reason
    assert found.exit_code == 3


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("force", [True, False])
def test_an_input_is_never_overwritten(dense, which, force):
    paths = dense()
    link = paths[2].with_name("link.tflite")
    link.symlink_to(paths[which])
    for target in (paths[which], link):
        before = target.read_bytes()
        options = RepairOptions(Options(), None, force)
        found = repair.repair(*paths[:2], target, options, print)
        assert (found.exit_code, found.error.kind, found.written) == (2, "usage", None)
        assert "never changed" in found.reason
        assert target.read_bytes() == before


def test_an_existing_file_stays_unless_forced(dense):
    spec, model, out = dense()
    out.write_bytes(b"mine")
    options = RepairOptions(Options(limit=120))
    refused = repair.repair(spec, model, out, options, lambda *_: None)
    assert (refused.exit_code, "exists" in refused.reason) == (2, True)
    assert out.read_bytes() == b"mine"
    found = repair.repair(spec, model, out, replace(options, force=True), lambda *_: None)
    assert (found.reason, read_model(out.read_bytes()).subgraphs != ()) == ("", True)
