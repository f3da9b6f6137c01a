"""Two reports held against each other: what became worse, better, other."""

import json
import math
from dataclasses import replace

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reports import ENVIRONMENT, any_report, failing, finding, inconclusive, passing

from edgecheck.measurements import Accuracy, Interval, Latency, Memory, OutputMetrics
from edgecheck.report import json_format, text_difference
from edgecheck.report.difference import difference_report, differences
from edgecheck.report.measure_changes import wilson
from edgecheck.report.schema import difference_schema
from edgecheck.report.stored import read_document

SLOW = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def _with(report, **changes):
    """The report with other metrics of its output."""
    return replace(report, outputs=(replace(report.outputs[0], **changes),))


def _accurate(share, samples):
    return _with(passing(), accuracy=Accuracy(share, samples))


def _states(before, after):
    return {each.measure: each.state for each in differences(before, after).measures}


def _in(report, **environment):
    return replace(report, environment={**ENVIRONMENT, **environment})


@SLOW
@given(any_report)
def test_a_report_is_no_worse_than_itself(report):
    found = differences(report, report)
    assert found.regressions == ()
    assert (found.new, found.fixed, found.conditions, found.settings) == ((), (), (), ())
    assert {each.state for each in found.measures} <= {"same"}
    assert all(each.was is None for each in found.unchanged)


@SLOW
@given(any_report, any_report)
def test_a_difference_backwards_exchanges_new_and_fixed(before, after):
    there, back = differences(before, after), differences(after, before)
    assert {each.fingerprint for each in there.new} == {each.fingerprint for each in back.fixed}
    assert {each.fingerprint for each in there.unchanged} == {
        each.fingerprint for each in back.unchanged
    }
    assert len(there.measures) == len(back.measures)


@SLOW
@given(before=any_report, after=any_report)
def test_any_difference_is_text_and_json_by_the_schema_and_comes_back(tmp_path, before, after):
    document = difference_report(before, after)
    text = text_difference.render(document)
    assert all(char.isprintable() for char in text.replace("\n", ""))
    stored = json_format.render(document)
    jsonschema.Draft202012Validator(difference_schema()).validate(json.loads(stored))
    path = tmp_path / "difference.json"
    path.write_text(stored)
    assert json_format.render(read_document(path)) == stored


def test_a_new_error_is_a_regression_and_a_fixed_one_is_none():
    found = differences(passing(), failing())
    assert {each.rule for each in found.new} == {
        "calibration-preprocessing-mismatch",
        "class-collapse",
        "unused-ignore",
    }
    assert found.regressions[0] == "the verdict was pass and is fail"
    assert sum("new error" in each for each in found.regressions) == 2
    back = differences(failing(), passing())
    assert back.regressions == ()
    assert len(back.fixed) == 3


@pytest.mark.parametrize(
    ("before", "after", "worse"), [("warning", "error", 1), ("error", "warning", 0)]
)
def test_a_severity_that_rose_to_an_error_is_a_regression(before, after, worse):
    reports = [
        replace(passing(), findings=(finding(severity=each, fingerprint="f"),))
        for each in (before, after)
    ]
    found = differences(*reports)
    assert (found.new, found.fixed) == ((), ())
    assert found.unchanged[0].was == before
    assert len(found.regressions) == worse


@pytest.mark.parametrize(
    ("before", "after", "is_worse"),
    [
        (passing, inconclusive, True),
        (passing, failing, True),
        (inconclusive, failing, True),
        (failing, inconclusive, False),
        (inconclusive, passing, False),
    ],
)
def test_a_verdict_is_worse_from_pass_over_inconclusive_to_fail(before, after, is_worse):
    found = differences(before(), after())
    assert any("the verdict was" in each for each in found.regressions) == is_worse


@pytest.mark.parametrize(
    ("before", "after", "samples", "state"),
    [
        (0.95, 0.90, 1000, "worse"),
        (0.95, 0.90, 100, "same"),  # chance alone gives that
        (0.95, 0.942, 100_000, "same"),  # below one point
        (0.90, 0.95, 1000, "better"),
        (1.0, 0.0, 1, "same"),
        (1.0, 0.0, 10, "worse"),
    ],
)
def test_accuracy_counts_from_one_point_on_and_beyond_chance(before, after, samples, state):
    assert _states(_accurate(before, samples), _accurate(after, samples))["accuracy"] == state


@pytest.mark.parametrize(
    ("reference", "spec", "state"),
    [
        (0.90, "a", "same"),  # these samples are harder for the reference, too
        (0.98, "a", "worse"),
        (0.90, "b", "worse"),  # other steps may have spoilt both
    ],
)
def test_samples_that_are_harder_for_the_same_reference_are_no_regression(reference, spec, state):
    def judged(report, share, spec):
        accuracy = replace(report.outputs[0].accuracy, reference=share)
        environment = {"reference": {"sha256": "r"}, "spec": {"sha256": spec}}
        return replace(_with(report, accuracy=accuracy), environment=environment)

    old = judged(_accurate(0.98, 1000), 0.98, "a")
    new = judged(_accurate(0.90, 1000), reference, spec)
    assert _states(old, new)["accuracy"] == state


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        (31.25, 28.5, "same"),
        (31.25, 28.0, "worse"),
        (90.0, 45.0, "same"),  # nothing is lost above 40 dB
        (math.inf, 30.0, "worse"),
        (math.inf, math.inf, "same"),
        (20.0, 25.0, "better"),
    ],
)
def test_sqnr_counts_from_3_db_on_unless_it_stays_fine(before, after, state):
    old, new = (_with(passing(), sqnr_db=value) for value in (before, after))
    assert _states(old, new)["sqnr_db"] == state


def test_sqnr_within_the_intervals_of_both_is_no_regression():
    old = _with(passing(), sqnr_db=30.0, sqnr_db_interval=Interval(26, 34))
    new = _with(passing(), sqnr_db=26.0, sqnr_db_interval=Interval(22, 30))
    assert _states(old, new)["sqnr_db"] == "same"
    sure = [
        _with(
            each,
            sqnr_db_interval=Interval(each.outputs[0].sqnr_db - 1, each.outputs[0].sqnr_db + 1),
        )
        for each in (old, new)
    ]
    assert _states(*sure)["sqnr_db"] == "worse"


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [(1.0, 1.3, "worse"), (1.0, 1.24, "same"), (0.02, 0.2, "same"), (1.3, 0.9, "better")],
)
def test_latency_counts_by_a_share_and_a_floor(before, after, state):
    old, new = (replace(passing(), latency_ms=Latency(p50, 9, 9)) for p50 in (before, after))
    assert _states(old, new)["latency_ms"] == state


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "another host"},
        {"runtime": {"name": "tflite-runtime", "version": "2.14.0"}},
        {"runtime": {"name": "litert", "version": "2.4.0"}},
        {"runtime": "what is this"},
    ],
)
def test_speed_is_told_apart_only_on_the_same_footing(changes):
    old = replace(passing(), latency_ms=Latency(1, 1, 1), memory=Memory(peak_bytes=1 << 20))
    new = _in(
        replace(passing(), latency_ms=Latency(9, 9, 9), memory=Memory(peak_bytes=1 << 30)),
        **changes,
    )
    found = differences(old, new)
    assert found.regressions == ()
    assert [each.measure for each in found.not_compared] == ["latency_ms", "peak_bytes"]
    assert "not the same" in found.not_compared[0].why
    assert found.conditions


def test_size_and_arena_count_wherever_they_were_measured():
    model = {**ENVIRONMENT["model"], "size_bytes": 100_000}
    old = replace(_in(passing(), model=model), memory=Memory(arena_bytes=10_000))
    new = _in(passing(), model={**model, "size_bytes": 120_000}, host="another")
    new = replace(new, memory=Memory(arena_bytes=12_000))
    states = _states(old, new)
    assert (states["size_bytes"], states["arena_bytes"]) == ("worse", "worse")


def test_settings_that_differ_are_told_and_the_spec_is_known_by_its_hash():
    old = replace(passing(), settings={"limit": 100, "x": math.nan, "baseline": None})
    new = replace(passing(), settings={"limit": 200, "x": math.nan, "baseline": "a.json"})
    new = replace(new, environment={**ENVIRONMENT, "spec": {"path": "s", "sha256": "ef" * 32}})
    found = differences(old, new)
    assert [(each.name, each.before, each.after) for each in found.settings] == [
        ("limit", 100, 200)
    ]
    assert [each.name for each in found.conditions] == ["spec"]


def test_what_only_one_report_measured_is_said():
    found = differences(passing(), inconclusive())
    assert {each.why for each in found.not_compared} == {"the later report does not have it"}
    assert differences(inconclusive(), passing()).measures[0].measure == "size_bytes"


def test_a_single_output_is_known_under_another_name():
    assert "agreement" in _states(passing(), _with(passing(), name="Identity"))
    twice = (passing().outputs[0], OutputMetrics("b", 1, 1, 0))
    other = replace(passing(), outputs=(replace(twice[0], name="c"), twice[1]))
    assert "agreement" not in _states(replace(passing(), outputs=twice), other)


@given(st.integers(1, 40), st.data())
def test_wilsons_interval_holds_the_share_and_solves_its_equation(samples, data):
    share = data.draw(st.integers(0, samples)) / samples
    found = wilson(share, samples)
    for end in (found.low, found.high):
        # Wilson's ends are the shares from which the observed one is 1.96 deviations away.
        distance = abs(share - end)
        assert distance == pytest.approx(
            1.96 * math.sqrt(max(end * (1 - end), 0) / samples), abs=1e-6
        )
    assert found.low - 1e-12 <= share <= found.high + 1e-12


@pytest.mark.parametrize(("share", "samples"), [(0.5, 0), (math.inf, 5), (2.0, 5)])
def test_an_impossible_share_leaves_everything_open(share, samples):
    assert wilson(share, samples) == Interval(-math.inf, math.inf)


def test_of_new_errors_the_cause_comes_before_its_symptoms():
    symptom, cause = finding("class-collapse"), finding("calibrated-on-noise", role="cause")
    found = differences(passing(), replace(failing(), findings=(symptom, cause)))
    assert [each.rule for each in found.new] == ["calibrated-on-noise", "class-collapse"]
