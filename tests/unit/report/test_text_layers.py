import io
import math

import pytest
from layers import entry, layer, walked
from rich.console import Console

from edgecheck.compare.layer_summary import report_layers
from edgecheck.compare.weight_match import LayerWeights, WeightComparison, WeightPair
from edgecheck.report.text_layers import layer_table

BAD = {"isolated_sqnr_db": 9.0, "sqnr_db": 8.0, "clip_above": 0.3}


def text(*layers, weights=None):
    stream = io.StringIO()
    console = Console(file=stream, width=80, markup=False, highlight=False)
    console.print(layer_table(report_layers(walked(*layers), weights)))
    return stream.getvalue()


def test_the_first_bad_layer_is_marked():
    lines = text(entry(), layer(0), layer(1, **BAD), layer(2)).splitlines()
    assert [line for line in lines if line.lstrip().startswith("> ")] == [
        line for line in lines if "1 CONV_2D" in line
    ]
    assert "30.0 %" in next(line for line in lines if "1 CONV_2D" in line)


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
    assert "weights" in next(line for line in lines if "SQNR" in line)
    assert [line.rstrip().endswith(" 41 dB") for line in lines[-2:]] == [False, True]
    assert max(map(len, lines)) <= 80


def test_names_and_ranges_cannot_break_the_table():
    shown = text(layer(0, op="EVIL\x1b[2J\n[bold]" + "X" * 500, float_range=(math.inf, -math.inf)))
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= 80
