"""A match as text."""

from dataclasses import replace

import pytest

from edgecheck.errors import DumpUnreadable
from edgecheck.findings import ErrorInfo, Finding, Subject
from edgecheck.match_report import MatchReport, TensorMatch
from edgecheck.report.text_match import render
from edgecheck.rules.device.input_signedness_offset import InputSignednessOffset

TENSOR = TensorMatch(
    kind="input", name="image", state="mistake", dtype="uint8", model_dtype="int8",
    shape=(4, 4, 3), samples=2, range=(0.0, 255.0), right_range=(-1.0, 1.0), nonfinite=0,
)  # fmt: skip
FINDING = Finding.of(
    InputSignednessOffset(
        input="image", rule="input-signedness-offset", seen_in="input", samples=2,
        mistakes=["uint8-as-int8"], words="uint8 codes read as int8", exact_share=1.0,
        right="q = pixel - 128",
    ),
    Subject("input", "image"),
)  # fmt: skip
FAILED = MatchReport(
    verdict="fail",
    summary=FINDING.message,
    exit_code=1,
    findings=(FINDING,),
    tensors=(TENSOR,),
    samples=2,
    sample_ids=("a.png", "b.png"),
)
PASSED = MatchReport(
    verdict="pass",
    summary="The dump is what spec and model make, on 2 samples.",
    exit_code=0,
    tensors=(replace(TENSOR, state="same", unseen=("pictures mirrored left to right",)),),
    samples=2,
    sample_ids=("a.png", "b.png"),
    has_ids=True,
)


def flat(report):
    return " ".join(render(report).split())


def test_the_mistake_comes_first_and_is_told_once():
    said = flat(FAILED)
    assert said.startswith("FAIL On the device, input")
    assert said.count("uint8 codes read as int8") == 1
    assert "Right is `q = pixel - 128`." in said
    assert '"image" is wrong: logged as uint8 (the model has int8), values from 0 to 255' in said
    assert "2 (a.png, b.png); the dump has no ids" in said


def test_a_pass_says_what_these_samples_cannot_show():
    said = flat(PASSED)
    assert said.startswith("PASS The dump is what spec and model make, on 2 samples.")
    assert "these samples cannot show: pictures mirrored left to right" in said
    assert "named by the dump" in said
    assert "right are" not in said


def test_outputs_tell_agreement_and_values_that_are_no_numbers():
    output = replace(
        TENSOR, kind="output", agreement=0.5, nonfinite=3, state="diverges", range=None
    )
    said = flat(replace(FAILED, tensors=(output,)))
    assert "3 values are NaN or infinite" in said
    assert "same class as on this host in 50.0%" in said


@pytest.mark.parametrize("report", [FAILED, PASSED, replace(FAILED, verdict="inconclusive")])
def test_lines_are_at_most_80_columns_and_plain(report):
    hostile = replace(report.tensors[0], name="x y\x1b[2J\n" * 400)
    text = render(replace(report, tensors=(hostile,), sample_ids=("a\x1b b",) * 9))
    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert "\x1b" not in text


def test_an_error_says_what_to_do():
    error = ErrorInfo.of(DumpUnreadable("it is empty.", hint="Log it again."))
    text = render(replace(PASSED, error=error, verdict="inconclusive"))
    assert text == "STOPPED   it is empty.\nto fix    Log it again.\n"
