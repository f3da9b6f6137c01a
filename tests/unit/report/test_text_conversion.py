"""A conversion as text: a table that lines up, words that hide nothing, names that do no harm."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from reports import any_conversion, conversion, passing

from edgecheck.conversion.report import ConversionTrial
from edgecheck.measurements import ModelErrors
from edgecheck.report import text_format
from edgecheck.report.text_conversion import render

HEAD = "                               bytes agreement SQNR dB accuracy    a run verdict"


def flat(text):
    return " ".join(text.split())


def test_the_table_stands_below_the_report_of_the_file():
    text = render(conversion())
    head = text_format.render(passing())
    assert text.startswith(head)
    assert text[len(head) :].splitlines() == [
        "",
        HEAD,
        "* full-integer int8            7,377     99.5%    48.1    99.0%  4.29 us    pass",
        "  int16x8 float32                  -         -       -        -        -    none",
        "          the converter died (SIGSEGV)",
        "",
        "samples   180 to calibrate on, 180 others to judge by",
        "WRITTEN   out.tflite: full-integer (int8 in and out), 7,377 bytes, by tensorflow",
        "          2.21.0.",
    ]


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(0.00429, "4.29 us"), (0.9994, "999 us"), (0.9999, "1 ms"), (12.34, "12.3 ms"),
     (2345.0, "2.35 s"), (None, "-")],
)  # fmt: skip
def test_a_time_has_three_digits_in_the_unit_that_suits(milliseconds, shown):
    first, other = conversion().trials
    text = render(conversion(trials=(replace(first, latency_ms=milliseconds), other)))
    (row,) = [line for line in text.splitlines() if line.startswith("* full-integer int8")]
    assert row[63:72].strip() == shown
    assert len(row) <= 80


def test_measured_values_have_their_own_columns():
    errors = ModelErrors(mae=1.163, rmse=2.0, r2=0.5504)
    first, other = conversion().trials
    first = replace(first, agreement=None, accuracy=None, errors=errors)
    lines = render(conversion(trials=(first, other))).splitlines()
    assert HEAD.replace("agreement", "       R2").replace("accuracy", "     MAE") in lines
    (row,) = [line for line in lines if line.startswith("* full-integer int8")]
    assert row.split()[4:7] == ["0.550", "48.1", "1.16"]


def test_only_what_was_chosen_is_said_to_be_calibrated():
    text = render(conversion(scheme="dynamic-range", io="float32", calibrated=0, unseen=7))
    assert "7 to judge by. So few prove little: give 20 or more" in flat(text)
    assert "to calibrate on" not in text
    assert "little" not in render(conversion(calibrated=0, unseen=20))


def test_what_was_declined_or_kept_is_said():
    gone = {"written": None, "exit_code": 1}
    assert "DECLINED  No scheme passes. Nothing" in render(conversion(scheme=None, **gone))
    assert "DECLINED  full-integer (int8 in and out) does not pass." in render(conversion(**gone))
    assert "does not pass (--keep-failing)" in flat(render(conversion(exit_code=1)))


def test_operators_in_float_are_counted():
    names = ("a", "b")
    trial = ConversionTrial(
        scheme="full-integer", io="float32", float_operators=names, size_bytes=9,
        verdict="pass", reason="",
    )  # fmt: skip
    found = conversion(io="float32", float_operators=names)
    text = render(replace(found, trials=(*found.trials, trial)))
    assert "*   2 in float" in text
    assert "full-integer (float32 in and out), 2 in float" in text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_conversion)
def test_no_name_reaches_the_terminal(report):
    text = render(report)
    assert all(char.isprintable() or char == "\n" for char in text)
    assert text.endswith("\n")
