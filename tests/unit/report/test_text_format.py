"""The text report: golden files, and what holds of any report however it names things.

`EDGECHECK_UPDATE_GOLDEN=1 pytest tests/unit/report` rewrites the golden files.
"""

import os
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reports import any_report, failing, finding, inconclusive, passing
from rich.cells import cell_len

from edgecheck.measurements import ModelErrors, OutputMetrics, TruthErrors, WorstElement
from edgecheck.report.text_format import render

GOLDEN = Path(__file__).parents[2] / "golden" / "text"
MAKERS = {"pass": passing, "fail": failing, "inconclusive": inconclusive}


@pytest.mark.parametrize("name", MAKERS)
def test_text_is_the_golden_file(name):
    path = GOLDEN / f"{name}.txt"
    text = render(MAKERS[name]())
    if os.environ.get("EDGECHECK_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_report, st.sampled_from([20, 40, 80, 200]))
def test_any_report_keeps_to_its_columns_and_steers_no_terminal(report, width):
    text = render(report, width=width)
    assert text == render(report, width=width)
    assert text.startswith(report.verdict.upper())
    for line in text.split("\n"):
        assert cell_len(line) <= width
        assert not line.endswith(" ")
        assert all(unicodedata.category(char)[0] != "C" or char == " " for char in line), line


@pytest.mark.parametrize("name", ["[red]x[/red]", "[/]", "]]>", "\N{PILE OF POO}", ":smile:", "é"])
def test_a_name_is_shown_as_it_is(name):
    output = replace(passing().outputs[0], name=name)
    worst = (replace(failing().worst_samples[0], id=name, label=name),)
    report = replace(failing(), worst_samples=worst, outputs=(output, output))
    report = replace(report, findings=(finding(subject=replace(finding().subject, name=name)),))
    assert render(report).count(name) == 5


@pytest.mark.parametrize("evil", ["\x1b[2J", "\x07", "\u202e", "\u2066", "\r", "\x9b", "\u2028"])
def test_a_character_that_steers_the_terminal_becomes_a_question_mark(evil):
    text = render(replace(passing(), summary=f"a{evil}b"))
    assert evil not in text
    assert "a?" in text


def test_a_line_break_in_a_name_cannot_pass_for_a_line_of_ours():
    model = {"path": "x\nPASS  y"}
    text = render(replace(failing(), environment={"edgecheck": "1", "model": model}))
    assert text.startswith("FAIL  x?PASS  y\n")


def test_colours_are_escape_codes_and_change_no_letter():
    plain, coloured = render(failing()), render(failing(), is_coloured=True)
    assert "\x1b" not in plain
    assert "\x1b[1;31mFAIL" in coloured
    letters = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in letters.split("\n")] == plain.split("\n")


def test_the_environment_does_not_reach_into_a_file(monkeypatch):
    expected = render(failing())
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "40", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    assert render(failing()) == expected


def test_many_outputs_are_shown_a_few_abreast_and_the_rest_is_counted():
    outputs = tuple(OutputMetrics(f"output-{n}", 10, 5, 0, sqnr_db=n) for n in range(30))
    text = render(replace(passing(), outputs=outputs))
    assert [n for n in range(30) if f"output-{n}" in text] == list(range(8))
    assert "and 22 more outputs" in text


def test_not_a_number_is_left_blank_and_infinity_is_said():
    outputs = (OutputMetrics("x", 10, 5, 0, sqnr_db=float("inf"), cosine_p5=float("nan")),)
    text = render(replace(passing(), outputs=outputs))
    assert "inf dB" in text
    assert "cosine" not in text


def test_a_skipped_check_is_named_with_its_reason_and_never_counted_as_passed():
    text = render(inconclusive())
    assert "Checks: 1 passed, 2 skipped, 1 crashed" in text
    assert "skipped output-zero, parity: no TensorFlow Lite runtime" in text


@pytest.mark.parametrize(
    ("known", "words"), [(7, "R2 0.900 (of 7 with targets)"), (None, "R2 0.900\n")]
)
def test_targets_of_some_samples_only_are_told(known, words):
    output = passing().outputs[0]
    side = ModelErrors(mae=1.0, rmse=1.0, r2=0.9)
    errors = TruthErrors("targets", output.samples if known is None else known, side, side)
    text = render(replace(passing(), outputs=(replace(output, errors=errors),)))
    assert words in text


@pytest.mark.parametrize(
    ("regret", "share", "words"),
    [
        (0.0125, 0.05, "1.2 % (blindly 25 %)"),
        (0.0, 0.0, "0 %"),
        (0.02, float("nan"), "2 %"),
        (0.02, None, "2 %"),
    ],
)
def test_the_probability_that_other_choices_give_up_stands_beside_a_blind_choice(
    regret, share, words
):
    output = replace(passing().outputs[0], regret=regret, regret_share=share)
    lines = render(replace(passing(), outputs=(output,))).splitlines()
    (line,) = [line for line in lines if "probability given up" in line]
    assert line.split("given up")[1].strip() == words


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (0.0214, "8.12 dB (number 12, R2 0.021 lower)"),
        (-0.5, "8.12 dB (number 12, R2 0.500 higher)"),
        (None, "8.12 dB (number 12)"),
    ],
)
def test_the_worst_of_several_measured_values_is_named(loss, words):
    output = replace(passing().outputs[0], worst_element=WorstElement(12, 8.1234, loss))
    lines = render(replace(passing(), outputs=(output,))).splitlines()
    (line,) = [line for line in lines if "worst element" in line]
    assert line.split("element")[1].strip() == words
    assert len(line) <= 80


def test_what_an_output_lacks_takes_no_row():
    text = render(passing())
    assert "given up" not in text
    assert "worst element" not in text


def test_the_last_line_names_the_rule_of_the_first_cause():
    cause = failing().causes[0]
    symptoms_first = tuple(reversed(failing().findings))
    text = render(replace(failing(), findings=symptoms_first))
    assert text.splitlines()[-1] == f"`edgecheck explain {cause.rule}` tells more."
    without = replace(failing(), causes=(), findings=(finding("class-collapse"),))
    assert render(without).splitlines()[-1] == "`edgecheck explain class-collapse` tells more."
