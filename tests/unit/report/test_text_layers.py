import io
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import entry, layer, walked
from rich.console import Console

from edgecheck.compare.layer_summary import report_layers
from edgecheck.compare.weight_match import LayerWeights, WeightComparison, WeightPair
from edgecheck.report.text_layers import layer_table

BAD = {"isolated_sqnr_db": 9.0, "sqnr_db": 8.0, "clip_above": 0.3}


def text(*layers, weights=None, width=80):
    stream = io.StringIO()
    console = Console(file=stream, width=width, markup=False, highlight=False)
    console.print(layer_table(report_layers(walked(*layers), weights), width))
    return stream.getvalue()


def test_the_first_bad_layer_is_marked():
    lines = text(entry(), layer(0), layer(1, **BAD), layer(2)).splitlines()
    assert [line for line in lines if line.lstrip().startswith("> ")] == [
        line for line in lines if "1 CONV_2D" in line
    ]
    assert " 30.0 " in next(line for line in lines if "1 CONV_2D" in line)


def test_long_models_show_what_tells_and_count_the_rest():
    layers = [layer(n) for n in range(40)]
    layers[10] = layer(10, **BAD)
    layers[30] = layer(30, clip_below=0.9)
    shown = text(*layers)
    assert len(shown.splitlines()) <= 18
    assert all(f"{n} CONV_2D" in shown for n in (8, 10, 13, 30, 39))
    assert "... 8 more" in shown
    assert "20 CONV_2D" not in shown


def test_sound_models_say_so():
    assert "none of them goes wrong by itself" in text(entry(), layer(0))


@pytest.mark.parametrize(
    ("value", "expected"), [(math.inf, "exact"), (-math.inf, "lost"), (math.nan, " - ")]
)
def test_values_without_a_number_have_a_word(value, expected):
    assert expected in text(layer(0, sqnr_db=value, isolated_sqnr_db=None))


def test_weights_have_a_column_where_there_are_any():
    weights = LayerWeights("dense", 1, "CONV_2D", (8, 16))
    pair = WeightPair(weights, weights, 0.9, "values", 41.4, 0.99)
    comparison = WeightComparison("float.tflite", (pair,), (), ())
    wide = {"float_range": (-0.1234, 0.1234), "representable": (-0.1234, 0.1234), "clip_above": 1.0}
    layers = [layer(n, op="X" * 20, **wide) for n in range(2)]
    assert "weights" not in text(*layers)
    lines = text(*layers, weights=comparison).splitlines()
    assert any("SQNR" in line and "weights" in line for line in lines)
    assert [line.rstrip().endswith(" 41") for line in lines[-2:]] == [False, True]
    assert max(map(len, lines)) <= 80


WIDEST = {
    "op": "BIDIRECTIONAL_SEQUENCE_LSTM",
    "sqnr_db": -123.4,
    "isolated_sqnr_db": -math.inf,
    "clip_above": 1.0,
    "float_range": (-2.584e-12, -1.234e-13),
    "representable": (-3.3895e38, 3.3895e38),
}


def test_every_column_is_whole_at_80_columns_whatever_its_values():
    layers = [layer(n, **WIDEST) for n in range(100, 103)] + [layer(103, **{**WIDEST, **BAD})]
    side = LayerWeights("dense", 101, "CONV_2D", (8, 16))
    pair = WeightPair(side, side, 0.9, "values", -math.inf, 0.99)
    shown = text(*layers, weights=WeightComparison("float.tflite", (pair,), (), ()))
    header = next(line for line in shown.splitlines() if "SQNR" in line)
    assert " ".join(header.split()) == "layer SQNR alone clip % real range can hold weights"
    row = next(line for line in shown.splitlines() if "101 " in line)
    assert " ".join(row.split()).endswith(" -123 lost 100.0 -3e-12..-1e-13 -3e38..3.4e38 lost")
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_narrow_terminal_loses_columns_but_cuts_none():
    shown = text(layer(0, **WIDEST), layer(1, **{**WIDEST, **BAD}), width=50)
    table = shown.splitlines()[-3:]
    assert "layer" in table[0]
    assert "SQNR" in table[0]
    assert "can hold" not in table[0]
    assert "\N{HORIZONTAL ELLIPSIS}" not in "".join(table)
    assert max(map(len, table)) <= 50


@settings(max_examples=300, deadline=None)
@given(st.floats(allow_nan=False, width=32))
def test_an_end_of_a_range_takes_six_columns_and_keeps_its_size(value):
    shown = text(layer(0, float_range=(value, math.inf))).splitlines()[-1]
    (number,) = [cell.split("..")[0] for cell in shown.split() if cell.endswith("..inf")]
    assert len(number) <= 6
    assert float(number) == pytest.approx(value, rel=0.5, abs=1e-98)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (-2580.4, "-2580"), (1.5, "1.5"), (-0.0001234, "-1e-4"), (12345.0, "1.23e4"),
        (-0.996, "-0.996"), (0.0, "0"), (-1e-300, "0"), (-1e-45, "-1e-45"), (9999.6, "10000"),
    ],
)  # fmt: skip
def test_numbers_keep_the_digits_that_fit(value, shown):
    assert f" {shown}..inf" in text(layer(0, float_range=(value, math.inf)))


def test_names_and_ranges_cannot_break_the_table():
    shown = text(layer(0, op="EVIL\x1b[2J\n[bold]" + "X" * 500, float_range=(math.inf, -math.inf)))
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= 80
