"""Markdown: what matters first, within a comment of a pull request, and harmless."""

from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from reports import failing, finding, inconclusive, passing, proven, stopped

from edgecheck.findings import CheckOutcome
from edgecheck.measurements import OutputMetrics
from edgecheck.report.difference import difference_report
from edgecheck.report.markdown_format import MOST_CHARACTERS, render
from edgecheck.report.markdown_text import escaped


def _shown(text):
    """What a reader sees of one line of Markdown."""
    (inline,) = (token for token in MarkdownIt().parse(text) if token.type == "inline")
    kept = (token for token in inline.children if token.type != "html_inline")
    return "".join(token.content for token in kept)


@pytest.mark.parametrize(
    "name",
    [
        "plain", "a_b_c *d* **e**", "`code` ``x``", "<script>alert(1)</script>", "&lt;&#64;",
        "[a](http://example.org)", "![a](b)", "https://example.org", "www.example.org",
        "a | b", "\\| \\\\", "@octocat", "fixes #12", "GH-7", "1. a", "- a", "=== a", "+ a",
        "# a", "> a", "~~a~~", "$x$", ":tada:", "12.5 %", "-6.6",
    ],
)  # fmt: skip
def test_a_name_is_shown_as_it_is(name):
    assert _shown(escaped(name)) == name


@pytest.mark.parametrize(
    ("name", "calling"),
    [
        ("@octocat", "@o"),
        ("#12", "#1"),
        ("gh-7", "gh-7"),
        ("a@b.c", "@b"),
        ("#_1", "#\\_"),
        ("@_a", "@\\_"),
    ],
)
def test_nobody_and_no_issue_is_called(name, calling):
    assert calling not in escaped(name)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "run `edgecheck repair SPEC MODEL -o FIXED` first",
            ["edgecheck repair SPEC MODEL -o FIXED"],
        ),
        ("`a` and `b.c`", ["a", "b.c"]),
        ("a ` b", []),
        ("`@octocat` and `www://x`", []),
        ("\\`a`", ["a"]),
    ],
)
def test_commands_between_backticks_are_code(text, code):
    (inline,) = (t for t in MarkdownIt().parse(escaped(text)) if t.type == "inline")
    assert [token.content for token in inline.children if token.type == "code_inline"] == code


def test_plain_words_are_left_alone():
    words = "0.99 of int8.tflite (8 bit), in 12 of 34: it's far-off"
    assert escaped(words) == words


def test_verdict_and_cause_come_first_and_the_proof_is_a_table():
    lines = [line for line in render(proven()).split("\n") if line]
    assert lines[0] == "## edgecheck: FAIL models/int8.tflite"
    assert lines[2] == "**Cause (proven):** channel-order-swapped"
    assert lines[4:8] == [
        "| metric | before | after |",
        "| --- | ---: | ---: |",
        "| agreement | 12.5% | 99% |",
        "| accuracy | 25% | 97.5% |",
    ]


def test_an_error_says_what_to_do():
    text = render(inconclusive())
    assert "**To fix:** run: pip install ai-edge-litert" in text
    assert "INCONCLUSIVE" in text


def test_a_stopped_repair_is_told():
    assert "fixed.tflite exists\n\n**To fix:** give another path" in render(stopped())


@pytest.mark.parametrize("letter", ["x", "@a ", "|", "\N{HEAVY EXCLAMATION MARK SYMBOL}"])
def test_whatever_the_report_holds_it_fits_a_comment(letter):
    long = letter * 5000
    found = tuple(finding(long, message=long, fix=long, fingerprint=str(n)) for n in range(60))
    outputs = tuple(OutputMetrics(long, 10, 5, 0, sqnr_db=n) for n in range(60))
    checks = tuple(CheckOutcome(long, "failed", long, 0.0) for _ in range(500))
    report = replace(failing(), summary=long, findings=found, outputs=outputs, checks=checks)
    report = replace(report, layers=proven().layers * 700)
    assert len(render(report)) <= MOST_CHARACTERS


def test_what_does_not_fit_is_said():
    found = tuple(finding(message="@a " * 1000, fix="@a " * 1000) for n in range(20))
    outputs = tuple(OutputMetrics("@a " * 100, 10, 5, 0) for n in range(8))
    text = render(replace(failing(), findings=found, outputs=outputs))
    assert text.endswith("*More does not fit here; the JSON report has all of it.*\n")


def test_findings_beyond_the_first_are_counted():
    found = tuple(finding(f"rule-{n}") for n in range(23))
    text = render(replace(passing(), findings=found))
    assert "### Findings (23)" in text
    assert "and 3 more" in text


def test_a_difference_shows_what_became_worse_and_each_measure():
    better = replace(passing().outputs[0], agreement=0.5, sqnr_db=3.0)
    text = render(difference_report(passing(), replace(failing(), outputs=(better,))))
    assert text.startswith("## edgecheck: FAIL models/int8.tflite")
    assert "\n* " in text
    assert "| measure | before | after |  |" in text
    assert "| SQNR (probabilities) | 31.25 dB | 3 dB | **worse** |" in text
    assert "Findings: 3 new (" in text
