"""The outputs' metrics for a person: the headline in a line, and a table of them all."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from edgecheck.measurements import Metrics, OutputMetrics
from edgecheck.report.text_lines import one_line
from edgecheck.rules.wording import count

_OUTPUTS_ABREAST: Final = 2
_MOST_OUTPUTS: Final = 8
_Cell: TypeAlias = Callable[[OutputMetrics], str]
_Measured: TypeAlias = OutputMetrics | Metrics


def headline(metrics: Metrics) -> str:
    """What decides, in a line: truth first, then likeness to the reference; empty without either."""
    truths = (("accuracy ", _accuracy), ("", _error), ("mean IoU ", _overlap))
    pairs = ((name, of(metrics, "candidate"), of(metrics, "reference")) for name, of in truths)
    told = [_beside(*pair) for pair in pairs if pair[1]]
    alike = metrics.agreement if metrics.pixel_agreement is None else metrics.pixel_agreement
    sqnr = metrics.sqnr_db if metrics.variation_sqnr_db is None else metrics.variation_sqnr_db
    told += [f"agreement {_percent(alike)}"] if _percent(alike) else []
    if _unit(sqnr, "dB") and metrics.accuracy is None:  # which tells more, and leaves no room
        told.append(f"SQNR {_unit(sqnr, 'dB')}")
    return f"{count(metrics.samples, 'sample')}: {', '.join(told)}" if told else ""


def metrics_table(outputs: Sequence[OutputMetrics], *, is_detailed: bool) -> Group:
    """Tables of a few outputs each; the short form has the rows that decide."""
    rows = {name: cell for name, cell in _ROWS.items() if is_detailed or name not in _DETAILS}
    shown, left = outputs[:_MOST_OUTPUTS], len(outputs) - _MOST_OUTPUTS
    lines: list[Text | Padding] = []
    for start in range(0, len(shown), _OUTPUTS_ABREAST):
        group = shown[start : start + _OUTPUTS_ABREAST]
        lines += [Text(""), _indented(_table(group, rows, has_names=len(outputs) > 1))]
    if left > 0:
        lines += [Text(""), _indented(Text(f"and {left} more outputs: --output json:report.json"))]
    return Group(*lines)


def _table(
    outputs: Sequence[OutputMetrics], rows: Mapping[str, _Cell], *, has_names: bool
) -> Table:
    """One column an output, one row a metric that any of them has."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=has_names)
    table.add_column("")
    for output in outputs:
        table.add_column(Text(one_line(output.name)), justify="right", overflow="fold")
    for name, cell in rows.items():
        values = [cell(output) for output in outputs]
        if any(values):
            table.add_row(name, *values)
    return table


def _beside(name: str, candidate: str, reference: str) -> str:
    return f"{name}{candidate} (reference {reference})" if reference else f"{name}{candidate}"


def _indented(content: Table | Text) -> Padding:
    return Padding(content, (0, 0, 0, 2), expand=False)


def _accuracy(output: _Measured, who: str) -> str:
    if output.accuracy is None:
        return ""
    share = _percent(getattr(output.accuracy, who))
    labelled = output.accuracy.samples
    return f"{share} (of {labelled} labelled)" if share and labelled != output.samples else share


def _error(output: _Measured, who: str) -> str:
    """MAE and R2 against targets; the mean squared error of a reconstruction."""
    errors = None if output.errors is None else getattr(output.errors, who)
    if output.errors is None or errors is None:
        return ""
    if output.errors.against == "input":
        return f"{errors.rmse**2:.3g} MSE to the input"
    explained = "" if errors.r2 is None else f", R2 {errors.r2:.3f}"
    known = output.errors.samples
    given = f" (of {known} with targets)" if known != output.samples else ""
    return f"MAE {errors.mae:.3g}{explained}{given}"


def _overlap(output: _Measured, who: str) -> str:
    return "" if output.map_overlap is None else _number(getattr(output.map_overlap, who))


def _top(output: OutputMetrics) -> str:
    if output.top_class_share is None:
        return ""
    other = output.reference_top_class_share
    beside = "" if other is None else f" (reference {_percent(other)})"
    if output.top_class is None:  # as of NaN
        return f"none{beside}"
    return f"{output.top_class}: {_percent(output.top_class_share)}{beside}"


def _given_up(output: OutputMetrics) -> str:
    """What the candidate's choices of class cost by the reference, beside what blind ones would."""
    cost, share = output.regret, output.regret_share
    if cost is None or math.isnan(cost):
        return ""
    blind = f" (blindly {100 * cost / share:.2g} %)" if share is not None and share > 0 else ""
    return f"{100 * cost:.2g} %{blind}"


def _worst_element(output: OutputMetrics) -> str:
    worst = output.worst_element
    if worst is None:
        return ""
    loss = worst.r2_loss
    change = "" if loss is None else f", R2 {abs(loss):.3f} {'lower' if loss > 0 else 'higher'}"
    return f"{worst.variation_sqnr_db:.3g} dB (number {worst.index}{change})"


def _distinct(output: OutputMetrics) -> str:
    other = output.reference_distinct_outputs
    return f"{output.distinct_outputs}" + ("" if other is None else f" (reference {other})")


def _nonfinite(output: OutputMetrics) -> str:
    other = output.reference_nonfinite_values
    if not output.nonfinite_values and not other:
        return ""
    return f"{output.nonfinite_values}" + ("" if other is None else f" (reference {other})")


def _percent(share: float | None) -> str:
    return "" if share is None or math.isnan(share) else f"{100 * share:.1f} %"


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.3f}"


def _unit(value: float | None, unit: str) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.3g} {unit}"


_ROWS: Final[Mapping[str, _Cell]] = {
    "samples": lambda output: str(output.samples),
    "accuracy of the reference": lambda output: _accuracy(output, "reference"),
    "accuracy of the candidate": lambda output: _accuracy(output, "candidate"),
    "error of the reference": lambda output: _error(output, "reference"),
    "error of the candidate": lambda output: _error(output, "candidate"),
    "mean IoU of the reference": lambda output: _overlap(output, "reference"),
    "mean IoU of the candidate": lambda output: _overlap(output, "candidate"),
    "agreement": lambda output: _percent(output.agreement),
    "probability given up": _given_up,
    "agreement of pixels": lambda output: _percent(output.pixel_agreement),
    "mean IoU with the reference": lambda output: _number(output.mean_iou),
    "same nearest neighbour": lambda output: _percent(output.neighbour_agreement),
    "SQNR of the variation": lambda output: _unit(output.variation_sqnr_db, "dB"),
    "that of the worst element": _worst_element,
    "SQNR": lambda output: _unit(output.sqnr_db, "dB"),
    "cosine, 5th percentile": lambda output: _number(output.cosine_p5),
    "KL divergence, median": lambda output: _unit(output.kl_median, "nats"),
    "largest error": lambda output: _unit(output.max_error_lsb, "LSB"),
    "steps spanned": lambda output: _unit(output.levels, "LSB"),
    "most frequent class": _top,
    "distinct outputs": _distinct,
    "NaN and infinity, left out": _nonfinite,
}
_DETAILS: Final = frozenset(
    {
        "probability given up",
        "that of the worst element",
        "KL divergence, median",
        "largest error",
        "steps spanned",
        "distinct outputs",
    }
)
"""Rows of `_ROWS` that the short form leaves out."""
