import pytest
from rule_examples import example

from edgecheck.errors import DatasetUnreadable, EdgecheckError, RuntimeMissing, UsageError
from edgecheck.findings import Cause, CheckOutcome, Finding, Subject
from edgecheck.verdict import Judgement, judge, reaches, summary_of

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
    cause = Cause(CAUSE.rule, "likely", CAUSE.message, "", None, ())
    assert summary_of(fail, [ERROR, CAUSE], (cause,)) == CAUSE.message
    assert summary_of(fail, [CAUSE, ERROR], ()) == f"{ERROR.message} The cause was not found."
    assert summary_of(fail, [INFO, DOUBT, ERROR], ()).startswith(ERROR.message)
    assert summary_of(fail, [finding("dataset-single-class"), DOUBT], ()).startswith(DOUBT.message)


def test_summary_of_nothing_proven():
    assert "either way" in summary_of(Judgement("inconclusive", 3), [WARNING], ())
