from dataclasses import replace

import pytest
from rule_examples import example

from edgecheck.errors import DatasetUnreadable, EdgecheckError, RuntimeMissing, UsageError
from edgecheck.findings import CheckOutcome, Finding, Proof, Subject
from edgecheck.verdict import Judgement, causes_of, judge, reaches, related, summary_of

PASSED = CheckOutcome("a", "passed", "", 0.1)
SKIPPED = CheckOutcome("b", "skipped", "nothing there", 0.0)
CRASHED = CheckOutcome("c", "crashed", "bug", 0.1)


def finding(rule="parity-loss", severity=None, kind="output", name="x"):
    return Finding.of(example(rule), Subject(kind, name), severity=severity)


def judged(findings=(), checks=(PASSED,), error=None, fail_on="error", is_conclusive=True):
    verdict = judge(findings, checks, error, fail_on=fail_on, is_conclusive=is_conclusive)
    return verdict.verdict, verdict.exit_code


ERROR, WARNING, INFO = (finding(severity=level) for level in ("error", "warning", "info"))


@pytest.mark.parametrize(
    ("findings", "fail_on", "expected"),
    [
        ((), "error", ("pass", 0)),
        ((INFO,), "warning", ("pass", 0)),
        ((WARNING,), "error", ("pass", 0)),
        ((WARNING,), "warning", ("fail", 1)),
        ((WARNING,), "never", ("pass", 0)),
        ((INFO, WARNING, ERROR), "error", ("fail", 1)),
        ((ERROR,), "warning", ("fail", 1)),
        ((ERROR,), "never", ("fail", 0)),
    ],
)
def test_the_gravest_finding_decides(findings, fail_on, expected):
    assert judged(findings, fail_on=fail_on) == expected


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"checks": (PASSED, CRASHED)}, ("inconclusive", 3)),
        ({"is_conclusive": False}, ("inconclusive", 3)),
        ({"is_conclusive": False, "fail_on": "never"}, ("inconclusive", 0)),
        ({"checks": (PASSED, SKIPPED)}, ("pass", 0)),
        ({"checks": (CRASHED,), "findings": (ERROR,)}, ("fail", 1)),
        ({"is_conclusive": False, "findings": (ERROR,)}, ("fail", 1)),
    ],
)
def test_what_was_not_judged_never_passes(case, expected):
    assert judged(**case) == expected


@pytest.mark.parametrize("fail_on", ["error", "warning", "never"])
@pytest.mark.parametrize(
    ("error", "code"),
    [(RuntimeMissing("x"), 3), (DatasetUnreadable("x"), 3), (UsageError("x"), 2),
     (EdgecheckError("x"), 70)],
)  # fmt: skip
def test_the_exit_code_of_an_error_wins(error, code, fail_on):
    assert judged(error=error, fail_on=fail_on) == ("inconclusive", code)
    assert judged((ERROR,), error=error, fail_on=fail_on) == ("fail", code)


def test_severities_that_reach_the_level():
    assert [reaches(f, "warning") for f in (ERROR, WARNING, INFO)] == [True, True, False]
    assert [reaches(f, "never") for f in (ERROR, WARNING, INFO)] == [True, False, False]


CAUSE = finding("calibration-preprocessing-mismatch", kind="input")
DOUBT = finding("input-range-mismatch", "warning", kind="input")


def test_errors_that_are_causes_come_first_and_explain_the_symptoms():
    causes = causes_of([DOUBT, ERROR, CAUSE])
    assert [(c.rule, c.confidence) for c in causes] == [
        (CAUSE.rule, "likely"),
        (DOUBT.rule, "suspected"),
    ]
    assert all(cause.explains == (ERROR.fingerprint,) for cause in causes)
    assert all(cause.proof is None for cause in causes)


def test_a_doubt_without_an_error_to_explain_is_no_cause():
    assert causes_of([DOUBT, WARNING]) == ()
    assert causes_of([ERROR]) == ()


def test_a_finding_about_the_reference_is_no_cause_of_the_candidate():
    assert causes_of([ERROR, finding("load-failed", kind="reference")]) == ()


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ((), "No error found."),
        ((WARNING,), "No error found, 1 warning."),
        ((WARNING, WARNING, INFO), "No error found, 2 warnings."),
    ],
)
def test_summary_of_a_pass_counts_the_warnings(findings, expected):
    assert summary_of(Judgement("pass", 0), findings, ()) == expected


def test_summary_of_a_failure_is_its_cause_or_the_gravest_finding():
    fail = Judgement("fail", 1)
    assert summary_of(fail, [ERROR, CAUSE], causes_of([ERROR, CAUSE])) == CAUSE.message
    assert summary_of(fail, [INFO, DOUBT, ERROR], ()).startswith(ERROR.message)
    assert summary_of(fail, [finding("dataset-single-class"), DOUBT], ()).startswith(DOUBT.message)


def test_summary_of_nothing_proven():
    assert "either way" in summary_of(Judgement("inconclusive", 3), [WARNING], ())


def test_a_refusal_to_load_is_a_symptom_where_its_reason_was_found_in_the_file():
    refusal, reason = finding("load-failed"), finding("op-version-unsupported")
    assert [found.role for found in related([refusal, reason])] == ["symptom", "cause"]
    doubt = finding("op-version-unsupported", severity="warning")
    assert related([refusal, doubt]) == [refusal, doubt]


def test_a_stranger_is_a_symptom_where_its_weights_were_never_loaded():
    stranger = finding("wrong-model-file", severity="error", kind="model")
    unloaded = finding("weights-not-loaded", kind="model")
    (cause,) = causes_of(related([stranger, unloaded]))
    assert (cause.rule, cause.explains) == (unloaded.rule, (stranger.fingerprint,))
    assert related([stranger]) == [stranger]


def test_weights_come_before_calibration_where_they_lose_parity():
    noise = finding("calibrated-on-noise", "error", kind="tensor")
    weights = finding("weight-per-tensor-loss", "error", kind="tensor")
    found = [noise, weights, ERROR]
    assert [c.rule for c in causes_of(found, ("weights",))] == [weights.rule, noise.rule]
    assert [c.rule for c in causes_of(found, ("activations",))] == [noise.rule, weights.rule]


def test_a_specific_cause_comes_before_one_that_only_says_that_ranges_differ():
    findings = [CAUSE, finding("features-unscaled", "error", kind="input"), ERROR]
    assert [cause.rule for cause in causes_of(findings)] == ["features-unscaled", CAUSE.rule]


def test_what_an_experiment_undid_is_proven_and_comes_first():
    proof = Proof("64 samples fed with raw pixels", "accuracy", 0.11, 0.97)
    proven = replace(finding("channel-order-swapped", kind="input"), proof=proof)
    first, second = causes_of([finding("features-unscaled", "error", kind="input"), proven])
    assert (first.rule, first.confidence, first.proof) == (proven.rule, "proven", proof)
    assert (second.confidence, second.proof) == ("likely", None)


def test_faults_that_make_no_output_wrong_explain_no_symptom():
    delegate = finding("delegate-not-used", kind="model")
    scheme = finding("partially-quantized-or-hybrid", kind="model")
    assert causes_of([delegate, ERROR]) == ()
    ranked = causes_of([scheme, CAUSE, ERROR])
    assert [(cause.rule, bool(cause.explains)) for cause in ranked] == [
        (CAUSE.rule, True),
        (scheme.rule, False),
    ]


def test_another_model_is_blamed_before_its_calibration():
    calibration = finding("calibration-degenerate", severity="error")
    wrong = finding("wrong-model-file", severity="error", kind="model")
    causes = causes_of([calibration, ERROR, wrong])
    assert [cause.rule for cause in causes] == [wrong.rule, calibration.rule]
    assert causes[0].explains == (ERROR.fingerprint,)


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({}, "qat-conversion-mismatch"),
        ({"differing": 0}, "calibrated-on-noise"),
        ({"stage": "weights"}, "calibrated-on-noise"),
    ],
)
def test_lost_trained_ranges_come_before_the_calibration_that_replaced_them(changes, first):
    rule = replace(example("qat-conversion-mismatch"), **changes)
    trained = Finding.of(rule, Subject("model", "candidate"))
    noise = finding("calibrated-on-noise", kind="model", name="calibration")
    causes = causes_of([noise, trained, finding()])
    assert causes[0].rule == first
    assert all(cause.explains == (finding().fingerprint,) for cause in causes)
