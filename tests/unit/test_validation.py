"""What `validate` concludes: verdicts, exit codes, skipped and crashed checks, ignored findings."""

from dataclasses import replace

import numpy as np
import pytest
import yaml
from command_line import COLLAPSED, DIGITS, HEALTHY, SPEC
from fake_runtime import write_fake
from models import identity

from edgecheck import validation
from edgecheck.checks.table import CHECKS
from edgecheck.errors import DatasetUnreadable, UsageError
from edgecheck.runtime import discovery
from edgecheck.validation import Options, broken_report, inputs_of, validate

FAST = Options(limit=60)


@pytest.fixture
def spec(tmp_path):
    """The digits spec with sections replaced (None takes one out); returns its path."""

    def write(**sections):
        text = SPEC.read_text().replace("../sample_models/digits", DIGITS.as_posix())
        content = yaml.safe_load(text)
        for name, section in sections.items():
            content.pop(name, None)
            if section is not None:
                content[name] = section
        path = tmp_path / "spec.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return path

    return write


@pytest.fixture
def crash(monkeypatch):
    """Replace a check by one that raises."""

    def replaced(name):
        def broken(_evidence):
            raise KeyError("a bug")

        table = tuple(replace(c, run=broken) if c.name == name else c for c in CHECKS)
        monkeypatch.setattr(validation, "CHECKS", table)

    return replaced


def _model(**changes):
    content = {"task": "classification", "reference": f"{DIGITS.as_posix()}/float.tflite"}
    content |= {"labels": f"{DIGITS.as_posix()}/labels.txt"} | changes
    return {key: value for key, value in content.items() if value is not None}


def _status(report):
    return {check.name: check.status for check in report.checks}


def _rules(findings):
    return {finding.rule for finding in findings}


@pytest.mark.parametrize(
    ("fail_on", "verdict", "code"), [("error", "pass", 0), ("warning", "fail", 1), ("never", "pass", 0)]
)  # fmt: skip
def test_a_warning_fails_only_where_warnings_do(spec, fail_on, verdict, code):
    path = spec(ignore=[{"rule": "parity-loss", "reason": "x"}])
    report = validate(path, HEALTHY, Options(limit=60, fail_on=fail_on))
    assert _rules(report.findings) == {"unused-ignore"}
    assert (report.verdict, report.exit_code) == (verdict, code)
    assert report.settings["fail_on"] == fail_on


def test_never_keeps_the_verdict_and_exits_0():
    report = validate(SPEC, COLLAPSED, Options(limit=60, fail_on="never"))
    assert (report.verdict, report.exit_code) == ("fail", 0)
    assert _status(report)["calibration-range"] == "failed"


def test_never_does_not_excuse_what_is_unusable(tmp_path):
    report = validate(SPEC, tmp_path / "none", Options(fail_on="never"))
    assert (report.verdict, report.exit_code) == ("inconclusive", 3)


def test_an_unused_ignore_says_where_it_stands(spec):
    path = spec(ignore=[{"rule": "parity-loss", "reason": "x"}])
    (found,) = validate(path, HEALTHY, FAST).findings
    line = next(
        n for n, text in enumerate(path.read_text().splitlines(), 1) if "parity-loss" in text
    )
    assert found.location.rpartition(":")[0] == f"{path}:{line}"
    assert found.subject.name == "parity-loss"


def test_ignored_findings_do_not_count_and_are_listed_with_their_reason(spec):
    rules = sorted(_rules(validate(SPEC, COLLAPSED, FAST).findings))
    entries = [{"rule": rule, "reason": "seen"} for rule in rules]
    report = validate(spec(ignore=entries), COLLAPSED, FAST)
    assert (report.verdict, report.exit_code, report.findings) == ("pass", 0, ())
    assert sorted(_rules(report.ignored)) == rules
    assert report.settings["ignore"] == entries
    assert report.root_cause is None
    assert "failed" not in _status(report).values()


def test_ignoring_some_leaves_the_others_to_fail(spec):
    entry = {"rule": "calibration-preprocessing-mismatch", "reason": "seen"}
    report = validate(spec(ignore=[entry]), COLLAPSED, FAST)
    assert (report.verdict, report.exit_code) == ("fail", 1)
    assert entry["rule"] not in _rules(report.findings)


def test_strict_makes_each_skipped_check_an_error_unless_the_spec_accepts_it(spec):
    few = {"path": f"{DIGITS.as_posix()}/images/*.png", "limit": 10}
    lenient = validate(spec(dataset=few), HEALTHY, Options())
    assert (lenient.verdict, lenient.exit_code) == ("pass", 0)
    skipped = {name for name, status in _status(lenient).items() if status == "skipped"}
    assert skipped
    strict = validate(spec(dataset=few), HEALTHY, Options(strict=True))
    assert (strict.verdict, strict.exit_code) == ("fail", 1)
    assert {found.subject.name for found in strict.findings} == skipped
    entry = {"rule": "check-skipped", "reason": "few samples"}
    path = spec(dataset=few, ignore=[entry])
    accepted = validate(path, HEALTHY, Options(strict=True))
    assert (accepted.verdict, accepted.findings) == ("pass", ())
    assert {found.subject.name for found in accepted.ignored} == skipped


def test_strict_changes_nothing_where_nothing_is_skipped():
    report = validate(SPEC, HEALTHY, replace(FAST, strict=True))
    assert (report.verdict, report.exit_code, report.findings) == ("pass", 0, ())


def test_a_crashed_check_leaves_the_run_inconclusive_and_the_others_judged(crash):
    crash("label-count")
    report = validate(SPEC, HEALTHY, FAST)
    assert (report.verdict, report.exit_code) == ("inconclusive", 3)
    status = _status(report)
    assert status.pop("label-count") == "crashed"
    assert set(status.values()) == {"passed"}
    reason = next(c.reason for c in report.checks if c.status == "crashed")
    assert reason.startswith("KeyError: 'a bug' (test_validation.py:")
    assert "label-count" in report.summary


def test_a_crashed_check_does_not_hide_a_failure(crash):
    crash("label-count")
    report = validate(SPEC, COLLAPSED, FAST)
    assert (report.verdict, report.exit_code) == ("fail", 1)


def test_a_crashed_static_check_is_inconclusive_under_static_too(crash):
    crash("label-count")
    assert validate(SPEC, HEALTHY, Options(static=True)).exit_code == 3


def test_every_planned_check_has_one_outcome_in_order():
    names = [check.name for check in CHECKS if check.needs in {None, "weights"}]
    full = validate(SPEC, HEALTHY, FAST)
    assert [check.name for check in full.checks] == ["model-file", "model-runs", *names]
    static = validate(SPEC, HEALTHY, Options(static=True))
    planned = [check.name for check in CHECKS if check.is_static and check.name in names]
    assert [check.name for check in static.checks] == ["model-file", *planned]
    aimed = validate(SPEC, HEALTHY, Options(static=True, target="cortex-m7"))
    assert {"target-types", "target-memory"} <= set(_status(aimed)) - set(_status(static))


def test_without_a_dataset_nothing_is_proven(spec):
    report = validate(spec(dataset=None), HEALTHY)
    assert (report.verdict, report.exit_code, report.error) == ("inconclusive", 3, None)
    assert "no `dataset`" in report.summary
    assert _status(report)["model-runs"] == "skipped"


@pytest.fixture
def unlabelled(spec):
    dataset = {"path": f"{DIGITS.as_posix()}/images/*.png"}
    return spec(model=_model(reference=None), dataset=dataset)


def test_without_a_reference_the_twin_takes_its_place(unlabelled):
    healthy, collapsed = (validate(unlabelled, model, FAST) for model in (HEALTHY, COLLAPSED))
    assert (healthy.verdict, collapsed.verdict) == ("pass", "fail")
    assert healthy.environment["reference"] == {"twin": True}
    assert healthy.metrics.sqnr_db > 30
    assert _status(healthy)["twin"] == "passed"


def test_without_reference_and_labels_nothing_is_proven(unlabelled):
    report = validate(unlabelled, HEALTHY, replace(FAST, reference="none"))
    assert (report.verdict, report.exit_code) == ("inconclusive", 3)
    assert "no reference and no label" in report.summary
    assert _status(report)["model-runs"] == "passed"


def test_a_float_model_is_its_own_twin_and_proves_nothing(unlabelled):
    report = validate(unlabelled, DIGITS / "float.tflite", replace(FAST, reference="twin"))
    assert (report.verdict, report.exit_code) == ("inconclusive", 3)
    assert _status(report)["twin"] == "skipped"


@pytest.mark.parametrize(
    ("layers", "model", "is_walked"),
    [
        ("auto", HEALTHY, False),
        ("auto", COLLAPSED, True),
        ("always", HEALTHY, True),
        ("never", COLLAPSED, False),
    ],
)
def test_layers_are_walked_through_where_parity_is_lost_or_as_asked(layers, model, is_walked):
    report = validate(SPEC, model, replace(FAST, layers=layers))
    assert bool(report.layers) is is_walked
    assert ("layer-ranges" in _status(report)) is is_walked


def test_labels_alone_are_enough_for_a_model_that_meets_them():
    report = validate(SPEC, HEALTHY, replace(FAST, reference="none"))
    assert (report.verdict, report.exit_code) == ("pass", 0)
    assert report.settings["reference"] == "none"
    assert "reference" not in report.environment
    assert report.metrics.sqnr_db is None
    assert report.metrics.accuracy.candidate > 0.9


def test_the_reference_of_the_command_line_wins_over_that_of_the_spec():
    report = validate(SPEC, COLLAPSED, replace(FAST, reference=str(COLLAPSED)))
    assert report.environment["reference"]["path"] == str(COLLAPSED)
    assert report.metrics.agreement == 1.0


def test_a_reference_that_the_runtime_refuses_leaves_the_candidate_judged(tmp_path, monkeypatch):
    write_fake(
        tmp_path, at_load="if 'float' in model_path: raise ValueError('no')", spares_probe=True
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("float", "candidate"):
        (tmp_path / f"{name}.tflite").write_bytes(identity((1, 2)))
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32))
    path = tmp_path / "spec.yaml"
    inputs = {"x": {"kind": "array", "shape": [2]}}
    model = {"task": "other", "reference": "float.tflite"}
    path.write_text(
        yaml.safe_dump(
            {"version": 1, "model": model, "inputs": inputs, "dataset": {"path": "x.npy"}}
        )
    )
    report = validate(path, tmp_path / "candidate.tflite", Options(runtime="litert"))
    assert (report.verdict, report.exit_code, report.error) == ("inconclusive", 3, None)
    (fault,) = report.findings
    assert (fault.rule, fault.severity, fault.subject.kind) == (
        "load-failed",
        "warning",
        "reference",
    )
    assert _status(report)["reference-runs"] == "crashed"
    assert _status(report)["model-runs"] == "passed"
    assert report.root_cause is None


@pytest.mark.parametrize(
    ("content", "words"), [(None, "does not exist"), (b"text", "not a TensorFlow Lite model")]
)
def test_a_reference_that_is_no_model_is_said_to_be_the_reference(tmp_path, content, words):
    path = tmp_path / "other.tflite"
    if content is not None:
        path.write_bytes(content)
    report = validate(SPEC, COLLAPSED, replace(FAST, reference=str(path)))
    assert report.exit_code == 3
    assert "the reference" in report.error.message
    assert words in report.error.message
    assert _rules(report.findings) == {"calibration-preprocessing-mismatch"}


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.onnx", "model.PB"])
def test_a_trained_model_is_a_usage_error_that_names_the_converter(tmp_path, name):
    report = validate(SPEC, tmp_path / name)
    assert (report.exit_code, report.error.kind) == (2, "usage")
    words = "SavedModel" if name.endswith("PB") else "edgecheck convert"
    assert words in report.error.hint


def test_a_saved_model_folder_is_a_usage_error_and_another_folder_is_not_there(tmp_path):
    assert validate(SPEC, tmp_path).exit_code == 3
    (tmp_path / "saved_model.pb").write_bytes(b"")
    assert validate(SPEC, tmp_path).exit_code == 2


@pytest.mark.parametrize("name", ["x" * 300, "x\0y", "x\ny", ".", "/dev/zero"])
def test_a_model_path_that_cannot_be_is_unusable(name):
    report = validate(SPEC, name)
    assert (report.exit_code, report.verdict) == (3, "inconclusive")


def test_limit_is_the_number_of_samples_run_and_the_report_says_so(spec):
    report = validate(SPEC, HEALTHY, Options(limit=25))
    assert report.metrics.samples == report.settings["limit"] == 25
    dataset = {"path": f"{DIGITS.as_posix()}/images/*.png", "limit": 30, "seed": 7}
    report = validate(spec(dataset=dataset), HEALTHY)
    assert (report.metrics.samples, report.settings["limit"], report.settings["seed"]) == (
        30,
        30,
        7,
    )


@pytest.mark.parametrize("setting", [{"limit": 0}, {"threads": 0}, {"timeout": 0}, {"timeout": float("nan")}])  # fmt: skip
def test_options_that_no_run_can_keep_to_are_refused(setting):
    with pytest.raises(UsageError, match=f"{next(iter(setting))} is (0|nan)"):
        Options(**setting)


@pytest.mark.parametrize("wanted", ["litert", "tflite-runtime", "tensorflow"])
def test_the_runtime_of_the_target_is_preferred_and_the_one_asked_for_wins(wanted):
    names = [backend.name for backend in discovery.candidates("auto", f"{wanted}==9.9")]
    if wanted not in names:
        pytest.skip(f"{wanted} is not installed here")
    assert names[0] == wanted
    asked = discovery.candidates(wanted, "litert")
    assert [backend.name for backend in asked] == [wanted]


def test_the_report_names_the_runtime_of_the_target(spec):
    if not discovery.is_installed(discovery.BACKENDS["tflite-runtime"]):
        pytest.skip("tflite-runtime is not installed here")
    report = validate(spec(target={"runtime": "tflite-runtime"}), HEALTHY, FAST)
    assert report.environment["runtime"]["name"] == "tflite-runtime"
    assert (report.verdict, report.settings["runtime"]) == ("pass", "auto")


def test_an_unknown_runtime_is_a_usage_error():
    report = validate(SPEC, HEALTHY, Options(runtime="tensorrt"))
    assert (report.exit_code, report.error.kind) == (2, "usage")


def test_strict_does_not_ask_for_labels_that_the_spec_does_not_have(spec):
    images = {"path": f"{DIGITS.as_posix()}/images"}
    report = validate(
        spec(model=_model(labels=None), dataset=images), HEALTHY, Options(strict=True)
    )
    skipped = {f.subject.name for f in report.findings if f.rule == "check-skipped"}
    assert skipped.isdisjoint({"label-count", "label-order", "training", "reference-accuracy"})


def test_progress_counts_up_to_the_number_of_samples():
    told = []
    validate(SPEC, HEALTHY, Options(limit=40), lambda done, total: told.append((done, total)))
    assert told[-1] == (40, 40)
    assert told == sorted(told)


def test_paths_may_be_text_and_the_report_tells_what_ran():
    report = validate(str(SPEC), str(HEALTHY), FAST)
    assert report.environment["model"]["size_bytes"] == HEALTHY.stat().st_size
    assert len(report.environment["spec"]["sha256"]) == 64
    assert report.latency_ms.p50 <= report.latency_ms.p95 <= report.latency_ms.max


def test_the_report_of_a_bug_never_reads_as_fail():
    report = broken_report(Options(fail_on="warning"), ZeroDivisionError("boom"))
    assert (report.verdict, report.exit_code, report.findings) == ("inconclusive", 70, ())
    assert "ZeroDivisionError: boom" in report.summary


def test_the_report_of_an_error_of_ours_keeps_its_words():
    report = broken_report(Options(), UsageError("two reports", hint="give one"))
    assert (report.exit_code, report.error.message, report.error.hint) == (
        2,
        "two reports",
        "give one",
    )


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"ignore": [{"rule": "class-colapse", "reason": "x"}]}, "Did you mean `class-collapse`"),
        ({"outputs": {"nonexistent": {"threshold": 0.9}}}, "its outputs are 'output_0'"),
    ],
)
def test_a_name_in_the_spec_that_would_do_nothing_is_refused_with_its_place(spec, sections, words):
    path = spec(**sections)
    report = validate(path, HEALTHY, Options(static=True))
    assert (report.exit_code, report.error.kind) == (2, "usage")
    assert report.error.message.startswith(f"{path}:")
    assert words in report.error.hint


def test_a_reference_that_is_the_candidate_itself_is_said_to_show_nothing():
    report = validate(SPEC, HEALTHY, replace(FAST, reference=str(HEALTHY)))
    assert _status(report)["reference-differs"] == "skipped"


def test_another_runtime_than_the_targets_is_a_skipped_check(spec):
    target = {"runtime": "litert==0.0.1", "device": "raspberry-pi-4"}
    report = validate(spec(target=target), HEALTHY, replace(FAST, runtime="litert"))
    assert _status(report)["target-runtime"] == "skipped"
    assert _status(report)["target-memory"] == "passed"
    version = report.environment["runtime"]["version"]
    target = {"runtime": f"litert=={version}"}
    report = validate(spec(target=target), HEALTHY, replace(FAST, runtime="litert"))
    assert _status(report)["target-runtime"] == "passed"


def test_one_sample_proves_nothing():
    report = validate(SPEC, HEALTHY, Options(limit=1))
    assert (report.verdict, report.exit_code) == ("inconclusive", 3)
    assert "one sample" in report.summary


def test_labels_that_label_nothing_are_a_warning(spec, tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("filename,label\n")
    dataset = {"path": f"{DIGITS.as_posix()}/images/*.png", "labels": str(labels)}
    report = validate(spec(dataset=dataset), HEALTHY, FAST)
    found = {(finding.rule, finding.severity) for finding in report.findings}
    assert ("label-count-mismatch", "warning") in found


def test_labels_of_a_regression_must_be_as_many_values_as_the_output_has(spec):
    report = validate(spec(model=_model(task="regression", labels=None)), HEALTHY, FAST)
    (found,) = [f for f in report.findings if f.rule == "label-count-mismatch"]
    assert (found.evidence["labels"], found.evidence["classes"]) == (1, 10)
    assert report.metrics.accuracy is None


def test_the_samples_of_a_pattern_are_inputs():
    files = inputs_of(SPEC, HEALTHY, None)
    assert set((DIGITS / "images").glob("*.png")) <= {path.resolve() for path in files}


@pytest.mark.parametrize("step", ["prove", "imagine_mistakes"])
@pytest.mark.parametrize(
    ("error", "status"), [(DatasetUnreadable("gone"), "skipped"), (KeyError("a bug"), "crashed")]
)
def test_what_comes_after_the_checks_takes_no_verdict_away(step, error, status, monkeypatch):
    def fails(*_):
        raise error

    monkeypatch.setattr(validation, step, fails)
    report = validate(SPEC, COLLAPSED, Options(limit=60, layers="never"))
    assert (report.verdict, report.exit_code, report.error) == ("fail", 1, None)
    assert _status(report)["experiments" if step == "prove" else "what-if"] == status


def test_samples_that_go_away_after_the_pass_leave_what_was_compared_to_be_judged(monkeypatch):
    def gone(*_):
        raise DatasetUnreadable("rows.npy is gone")

    monkeypatch.setattr(validation, "look_closer", gone)
    report = validate(SPEC, COLLAPSED, Options(limit=60))
    assert (report.verdict, report.exit_code) == ("fail", 3)
    assert _status(report)["calibration-range"] == "failed"
