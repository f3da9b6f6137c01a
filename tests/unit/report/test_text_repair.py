"""The text of a repair: what it says of each ending, and what holds however things are named."""

import json
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from reports import any_repair, declined, failing, finding, passing, repaired, stopped

from edgecheck.findings import Cause
from edgecheck.measurements import Accuracy
from edgecheck.report import json_format
from edgecheck.report.text_repair import render


def flat(report):
    return " ".join(render(report).split())


def test_what_was_written_stands_beside_what_was_there():
    output = passing().outputs[0]
    before = replace(
        failing(), outputs=(replace(output, sqnr_db=-2.4, accuracy=Accuracy(0.1, 300)),)
    )
    after = replace(passing(), outputs=(replace(output, accuracy=Accuracy(0.95, 300)),))
    lines = render(replace(repaired(), before=before, after=after)).splitlines()
    assert lines[0] == "REPAIRED  fixed.tflite is better, and was written."
    assert lines[2].split() == ["on", "300", "unseen", "samples", "before", "after"]
    rows = {tuple(line.split()[-2:]) for line in lines[3:] if line.startswith("  ")}
    assert {("fail", "pass"), ("-2.4", "31.2"), ("10.0%", "95.0%")} <= rows
    assert all(len(line) <= 80 for line in lines)


def test_ranges_and_changed_ports_are_told_with_their_numbers():
    text = flat(repaired())
    assert "min/max, from 60 samples; 6 activations changed." in text
    assert "Tried: min/max 41.5 dB, percentile 99.9 -inf dB" in text
    assert 'input "image": scale 1 -> 0.0078431373, zero point -128 -> -1.' in text
    assert "Device code that holds the old values must change." in text


def test_signatures_that_stay_as_they_were_are_named():
    assert "signatures" not in flat(repaired())
    text = flat(replace(repaired(), untouched=tuple("abcdefg")))
    assert 'other signatures keep their ranges: "a", "b", "c", "d", "e" and 2 more' in text


def test_a_decline_gives_its_reason_the_findings_and_what_the_spec_overruled():
    text = flat(declined())
    assert text.startswith("DECLINED new ranges gain nothing. Nothing was written.")
    assert "inputs-out-of-domain is ignored by the spec (own recordings), so repair went on" in text
    assert "9 of 10 activations leave theirs." in text
    assert "found calibration-preprocessing-mismatch:" in text


def test_a_finding_that_is_the_reason_is_not_told_twice():
    said = failing().findings[0].message
    text = flat(replace(declined(), after=None, reason=f"the samples are wrong: {said}"))
    assert text.count(said) == 1
    assert "found class-collapse:" in text


def test_a_decline_lists_the_warnings_of_the_file():
    doubt = finding("wrong-model-file", "warning", "cause")
    before = replace(failing(), findings=(*failing().findings, doubt))
    text = flat(replace(declined(), before=before))
    assert f"warning wrong-model-file: {doubt.message}" in text
    assert "warning" not in flat(replace(repaired(), before=before))


def test_findings_come_as_the_report_ranks_their_causes():
    refused, fault = (
        finding(rule, role="cause") for rule in ("load-failed", "quant-scale-degenerate")
    )
    causes = tuple(Cause(f.rule, "likely", f.message, f.fix, None, ()) for f in (fault, refused))
    before = replace(failing(), findings=(refused, fault), causes=causes)
    text = flat(replace(declined(), before=before))
    assert text.index("found quant-scale-degenerate") < text.index("found load-failed")


def test_an_error_stops_it_and_comes_with_its_remedy():
    assert render(stopped()).splitlines() == [
        "STOPPED   fixed.tflite exists. Nothing was written.",
        "to fix    give another path, or --force",
    ]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_repair)
def test_any_repair_is_said_without_steering_the_terminal(report):
    text = render(report)
    assert text == render(report)
    assert text.startswith(("STOPPED", "DECLINED", "REPAIRED"))
    for line in text.split("\n"):
        assert all(unicodedata.category(char)[0] != "C" for char in line), line


@pytest.mark.parametrize("name", ["x\nREPAIRED  y", "\x1b[2J", "\u2028REPAIRED"])
def test_a_name_cannot_pass_for_a_line_of_ours(name):
    port = replace(repaired().ports[0], name=name)
    lines = render(replace(repaired(), ports=(port,), written=name)).splitlines()
    assert sum(line.startswith("REPAIRED") for line in lines) == 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_repair)
def test_the_json_of_any_repair_is_json(report):
    found = json.loads(json_format.render(report), parse_constant=pytest.fail)
    assert (found["kind"], found["exit_code"]) == ("repair", report.exit_code)
    assert ("before" in found, "after" in found) == (
        report.before is not None,
        report.after is not None,
    )


def test_the_json_of_a_repair_holds_both_reports_in_full():
    found = json.loads(json_format.render(repaired()))
    assert list(found)[:5] == ["kind", "schema_version", "written", "reason", "exit_code"]
    assert found["before"] == json_format.to_dict(failing())
    assert found["after"] == json_format.to_dict(passing())
    assert found["scores_db"] == {"min/max": 41.5, "percentile 99.9": "-inf"}
    assert found["ports"][0]["before"] == {"scale": 1.0, "zero_point": -128}
    assert "error" not in found
