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
from reports import (
    any_report,
    conversion,
    failing,
    finding,
    inconclusive,
    passing,
    proven,
    repaired,
)
from rich.cells import cell_len

from edgecheck.chain import Stage, StageLoss
from edgecheck.findings import CheckOutcome, RuledOut, Undecided
from edgecheck.match_report import MatchReport, TensorMatch
from edgecheck.measurements import (
    Accuracy,
    Layer,
    Metrics,
    ModelErrors,
    OutputMetrics,
    TruthErrors,
    WhatIf,
    WorstElement,
)
from edgecheck.report.destinations import text_of
from edgecheck.report.text_format import render
from edgecheck.report.text_metrics import headline

GOLDEN = Path(__file__).parents[2] / "golden" / "text"


def undecided():
    """A fail that nothing explains."""
    symptom = failing().findings[1]
    left = Undecided(
        (symptom.fingerprint,),
        (RuledOut("the default kernels", "both agree"), RuledOut("NaN in the weights", "none has")),
        ("labels (`dataset.labels`): they show who is right", "more samples", "a dump"),
    )
    summary = f"{symptom.message} The cause was not found."
    checks = (*failing().checks, CheckOutcome("label-order", "skipped", "no sample has a label", 0))
    return replace(
        failing(), summary=summary, root_cause=None, causes=(), findings=(symptom,),
        checks=checks, undecided=left,
    )  # fmt: skip


def looked_into():
    """A fail whose stages, layers and usual mistakes were looked at."""
    good, bad = StageLoss(agreement=1.0, sqnr_db=50.0), StageLoss(agreement=0.1, sqnr_db=-2.0)
    stages = (
        Stage("weights", "twin", ("weights",), is_guilty=False, step=good, total=good),
        Stage("activations", "builtin kernels", (), is_guilty=True, step=bad, total=bad),
    )
    plain = Layer(
        0, "CONV_2D", "t", 40.0, 0.0, 0.0, 0.0, (0.0, 4.5), 8, 0, 0, is_first_bad=False,
        representable_range=(0.0, 6.0),
    )  # fmt: skip
    layers = tuple(replace(plain, index=n, is_first_bad=n == 20) for n in range(30))
    row = WhatIf("image", None, None, "as the spec says", "scores", 64, 1, 0.3, float("inf"))
    mistake = replace(row, mistake="zeros", words="a buffer of zeros", sqnr_db=0.0)
    return replace(failing(), stages=stages, layers=layers, what_if=(row, mistake))


def matched():
    """A dump in which the input is wrong."""
    mistake = finding("input-signedness-offset", role="cause")
    tensor = TensorMatch(
        kind="input", name="image", state="mistake", dtype="uint8", model_dtype="int8",
        shape=(4, 4, 3), samples=2, range=(0.0, 255.0), right_range=(-1.0, 1.0), nonfinite=0,
    )  # fmt: skip
    return MatchReport(
        verdict="fail", summary=mistake.message, exit_code=1, findings=(mistake,),
        tensors=(tensor,), samples=2, sample_ids=("a.png", "b.png"),
    )  # fmt: skip


TEXTS = {
    "pass": lambda: render(passing()),
    "pass-detailed": lambda: render(passing(), is_detailed=True),
    "fail": lambda: render(failing()),
    "fail-detailed": lambda: render(looked_into(), is_detailed=True),
    "proven": lambda: render(proven()),
    "inconclusive": lambda: render(inconclusive()),
    "undecided": lambda: render(undecided()),
    "undecided-detailed": lambda: render(undecided(), is_detailed=True),
    "repaired": lambda: text_of(repaired()),
    "match": lambda: text_of(matched()),
    "conversion": lambda: text_of(conversion()),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_the_golden_file(name):
    path = GOLDEN / f"{name}.txt"
    text = TEXTS[name]()
    if os.environ.get("EDGECHECK_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_report, st.sampled_from([20, 40, 80, 200]), st.booleans())
def test_any_report_keeps_to_its_columns_and_steers_no_terminal(report, width, is_detailed):
    text = render(report, width=width, is_detailed=is_detailed)
    assert text == render(report, width=width, is_detailed=is_detailed)
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
    assert render(report, is_detailed=True).count(name) == 5


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
    lines = render(replace(passing(), outputs=(output,)), is_detailed=True).splitlines()
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
    lines = render(replace(passing(), outputs=(output,)), is_detailed=True).splitlines()
    (line,) = [line for line in lines if "worst element" in line]
    assert line.split("element")[1].strip() == words
    assert len(line) <= 80


def test_what_an_output_lacks_takes_no_row():
    text = render(passing(), is_detailed=True)
    assert "given up" not in text
    assert "worst element" not in text


def test_the_last_line_names_the_rule_of_the_first_cause():
    cause = failing().causes[0]
    symptoms_first = tuple(reversed(failing().findings))
    text = render(replace(failing(), findings=symptoms_first))
    assert text.splitlines()[-1] == f"`edgecheck explain {cause.rule}` tells more."
    without = replace(failing(), causes=(), findings=(finding("class-collapse"),))
    assert render(without).splitlines()[-1] == "`edgecheck explain class-collapse` tells more."


def test_verdict_numbers_and_cause_are_the_first_three_lines():
    measured = Metrics(360, "probabilities", 0.108, -2.06, accuracy=Accuracy(0.114, 360, 0.978))
    root = proven().causes[0]
    report = replace(proven(), metrics=measured, summary=root.summary)
    assert render(report).splitlines()[:3] == [
        "FAIL  models/int8.tflite",
        "  360 samples: accuracy 11.4 % (reference 97.8 %), agreement 10.8 %",
        f"Cause (proven): {root.rule}",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"agreement": 0.5, "sqnr_db": 3.25}, "8 samples: agreement 50.0 %, SQNR 3.25 dB"),
        ({"variation_sqnr_db": 9.0, "sqnr_db": 30.0}, "8 samples: SQNR 9 dB"),
        ({"pixel_agreement": 0.25, "agreement": 1.0}, "8 samples: agreement 25.0 %"),
        ({"agreement": float("nan"), "sqnr_db": 30.0}, "8 samples: SQNR 30 dB"),
        ({}, ""),
    ],
)
def test_the_headline_is_what_decides(changes, words):
    assert headline(Metrics(8, "x", **changes)) == words


def test_a_long_path_keeps_its_end_on_the_line_of_the_verdict():
    model = {"path": f"/{'far/' * 40}model.tflite"}
    first = render(replace(passing(), environment={"model": model})).splitlines()[0]
    assert first.startswith("PASS  ...")
    assert first.endswith("/far/model.tflite")
    assert len(first) == 80


def test_the_short_form_says_where_it_goes_wrong_and_leaves_tables_to_the_detailed_one():
    short, whole = render(looked_into()), render(looked_into(), is_detailed=True)
    assert "Where it goes wrong first: stage activations, layer 20 CONV_2D" in short
    assert all(f"{n} CONV_2D" in whole for n in range(30))
    for words in ("Stages from the reference", "a buffer of zeros", "Settings", "worst samples"):
        assert words in whole
        assert words not in short


def test_what_was_asked_for_is_shown_though_the_form_is_short():
    asked = replace(looked_into(), settings={**failing().settings, "what_if": True})
    assert "a buffer of zeros" in render(asked)


def test_a_pass_fits_a_screen_and_offers_more():
    text = render(passing())
    assert len(text.splitlines()) <= 20
    assert "Checks: 2 passed (-v tells more)" in text
    assert "-v" not in render(passing(), is_detailed=True)


def test_every_check_is_listed_with_its_seconds_or_its_reason():
    checks = (*inconclusive().checks, CheckOutcome("layers", "failed", "", 2.5))
    text = render(replace(passing(), checks=checks), is_detailed=True)
    assert "2.50 s  failed   layers" in text
    assert "crashed label-count: KeyError" in text
    assert "skipped output-zero, parity: no TensorFlow Lite runtime" in text
    short = render(replace(passing(), checks=checks))
    assert "KeyError" in short  # a crash is never passed over
    assert "skipped output-zero" not in short


def test_a_suspicion_beside_a_known_cause_is_named_without_its_fix():
    root = replace(proven().causes[0])
    doubt = replace(root, rule="undertrained", confidence="suspected", fix="Train longer.")
    report = replace(proven(), causes=(root, doubt))
    assert "Also (suspected): undertrained" in render(report)
    assert "Train longer." not in render(report)
    assert "Train longer." in render(report, is_detailed=True)


def test_no_number_is_cut_off_in_a_narrow_terminal():
    text = render(looked_into(), width=40, is_detailed=True)
    assert text.isascii()  # rich cuts with a sign of its own
    assert "10.0 %" in text
