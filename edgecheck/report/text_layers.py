"""The layers of a model in a few lines: around the first bad tensor, the most clipped, the last."""

import math
from collections.abc import Sequence
from typing import Final

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from edgecheck.findings import Layer

_BEFORE: Final = 2
_AFTER: Final = 3
_LAST: Final = 2
_FEW: Final = 12
_NAME: Final = 20
_CLIPPED: Final = 0.01


def layer_table(layers: Sequence[Layer]) -> Group:
    """One line a tensor, `>` before the first bad one; of long models only the telling ones."""
    has_weights = any(layer.weights is not None for layer in layers)
    table = Table(box=None, padding=(0, 1 if has_weights else 2, 0, 0))
    columns = ("", "layer", "SQNR", "alone", "clipped", "real range", "can hold")
    for name in (*columns, *["weights"] * has_weights):
        table.add_column(name, justify="left" if name in {"", "layer"} else "right", no_wrap=True)
    shown = _shown(layers)
    for before, number in zip((-1, *shown), shown, strict=False):
        if number != before + 1:
            table.add_row("", f"... {number - before - 1} more")
        style = "bold" if layers[number].is_first_bad else None
        cells = _row(layers[number]) + [_weights(layers[number])] * has_weights
        table.add_row(*map(Text, cells), style=style)
    bad = any(layer.is_first_bad for layer in layers)
    said = "> the first that goes wrong by itself" if bad else "none of them goes wrong by itself"
    title = f"{len(layers)} layers beside their float twin; {said}"
    return Group(Text(""), Text(title), Padding(table, (0, 0, 0, 2), expand=False))


def _shown(layers: Sequence[Layer]) -> list[int]:
    """Places of the layers to show, ascending."""
    if len(layers) <= _FEW:
        return list(range(len(layers)))
    bad = next((place for place, layer in enumerate(layers) if layer.is_first_bad), None)
    worst = min(range(len(layers)), key=lambda place: _sortable(layers[place].sqnr_db))
    middle = worst if bad is None else bad
    near = range(max(0, middle - _BEFORE), min(len(layers), middle + _AFTER + 1))
    clipped = max(range(len(layers)), key=lambda place: layers[place].clip_fraction)
    most = [clipped] if layers[clipped].clip_fraction > _CLIPPED else []
    return sorted({*near, *most, *range(len(layers) - _LAST, len(layers))})


def _row(layer: Layer) -> list[str]:
    has_codes = layer.representable_range is not None
    return [
        ">" if layer.is_first_bad else "",
        _short(f"{layer.index} {layer.op}" if layer.index >= 0 else layer.op),
        _decibels(layer.sqnr_db),
        "" if layer.isolated_sqnr_db is None else _decibels(layer.isolated_sqnr_db),
        f"{100 * layer.clip_fraction:.1f} %" if has_codes else "",
        _span(layer.range),
        "" if layer.representable_range is None else _span(layer.representable_range),
    ]


def _weights(layer: Layer) -> str:
    """SQNR of the weights against those of the reference."""
    return "" if layer.weights is None else _decibels(layer.weights.sqnr_db)


def _short(name: str) -> str:
    line = "".join(char if char.isprintable() else "?" for char in name[: _NAME + 1])
    return line if len(line) <= _NAME else line[: _NAME - 3] + "..."


def _decibels(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.0f} dB" if math.isfinite(value) else "exact" if value > 0 else "lost"


def _span(bounds: tuple[float, float]) -> str:
    low, high = bounds
    return f"{low:.3g}..{high:.3g}" if low <= high else "-"


def _sortable(value: float) -> float:
    return math.inf if math.isnan(value) else value
