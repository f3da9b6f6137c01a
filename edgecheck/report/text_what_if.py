"""The table of mistakes that an application may make, for a person to find theirs in it."""

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from edgecheck.measurements import WhatIf
from edgecheck.report.text_lines import one_line

_SAME_AGREEMENT: Final = 0.98
_SAME_DB: Final = 30.0
"""From which on nobody would notice a difference."""


def what_if_table(rows: Sequence[WhatIf]) -> Group:
    """One line a mistake; those that change nothing here in one sentence."""
    plain = rows[0]
    blocks: list[Text | Padding] = [
        Text(""),
        Text(
            f"What a device would answer if it made a usual mistake ({plain.samples} samples, "
            f"output {one_line(plain.output)})"
        ),
    ]
    inputs = {row.input for row in rows}
    for name, group in groupby(rows[1:], key=lambda row: row.input):
        found = list(group)
        title = "" if len(inputs) == 1 else f"input {one_line(name)}"
        told = [row for row in found if not _changes_nothing(row)]
        blocks.append(_indented(_table(title, [plain, *told])))
        same = [row.words for row in found if _changes_nothing(row)]
        if same:
            blocks.append(_indented(Text(f"No difference here: {'; '.join(same)}.")))
    return Group(*blocks)


def _table(title: str, rows: Sequence[WhatIf]) -> Table:
    names_classes = rows[0].classes is not None
    table = Table(box=None, padding=(0, 2, 0, 0), title=title or None, title_justify="left")
    table.add_column("if it fed", ratio=1, max_width=34)
    for header in (
        ("top class", "share", "score", "like now", "right")
        if names_classes
        else ("outputs", "typical", "like now")
    ):
        table.add_column(header, justify="right", no_wrap=True)
    if rows[0].accuracy is None and names_classes:
        table.columns.pop()
    for row in rows:
        table.add_row(*map(Text, _cells(row, names_classes=names_classes)))
    return table


def _cells(row: WhatIf, *, names_classes: bool) -> list[str]:
    if not names_classes:
        return [row.words, str(row.distinct_outputs), _number(row.typical_value), _db(row.sqnr_db)]
    label = row.top_class_label
    label = "" if label in {None, str(row.top_class)} else f" {_short(one_line(str(label)))}"
    right = [] if row.accuracy is None else [_percent(row.accuracy.candidate)]
    return [
        row.words,
        "NaN" if row.top_class is None else f"{row.top_class}{label}",
        _percent(row.top_class_share),
        _number(row.typical_value),
        _percent(row.agreement),
        *right,
    ]


def _changes_nothing(row: WhatIf) -> bool:
    if row.agreement is not None:
        return row.agreement >= _SAME_AGREEMENT
    return row.sqnr_db >= _SAME_DB


def _short(label: str, most: int = 10) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}~"


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else str(value)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def _db(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.0f} dB" if math.isfinite(value) else "exact" if value > 0 else "lost"


def _indented(content: Table | Text) -> Padding:
    return Padding(content, (0, 0, 0, 2), expand=False)
