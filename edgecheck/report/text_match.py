"""A match for a person at a terminal: what the firmware does, and the line that is right."""

from collections.abc import Iterator
from typing import Final

from edgecheck.findings import Finding
from edgecheck.match_report import MatchReport, TensorMatch
from edgecheck.report.text_lines import flat, titled

_MOST: Final = 6
"""Findings, tensors, samples and mistakes that are shown."""
_STATES: Final = {
    "same": "as it should be",
    "harmless": "as it should be, but for what is harmless",
    "mistake": "wrong",
    "follows": "what follows from the wrong input",
    "diverges": "wrong, though the input is known",
    "reordered": "right, but of the samples in another order",
    "unexplained": "wrong, and nothing explains it",
}


def render(found: MatchReport) -> str:
    """The match as lines of at most 80 columns, where no name is longer."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: MatchReport) -> Iterator[str]:
    word = "STOPPED" if found.error is not None else found.verdict.upper()
    if found.error is not None:
        yield titled(word, f"{found.error.message.rstrip('.')}.")
        yield titled("to fix", found.error.hint)
        return
    if len(word) > len("STOPPED") + 2:  # the column of titles is narrower
        yield word
        word = ""
    yield titled(word, found.summary)
    for finding in found.findings[:_MOST]:
        yield from _finding(finding, found)
    yield ""
    for tensor in found.tensors[:_MOST]:
        yield titled(tensor.kind, _tensor(tensor))
    yield from _unseen(found)
    yield titled("samples", _samples(found))


def _finding(finding: Finding, found: MatchReport) -> Iterator[str]:
    yield ""
    title = "cause" if finding.severity == "error" else "note"
    yield titled(title, f"{finding.rule} (`edgecheck explain {finding.rule}`)")
    if finding.message != found.summary:
        yield titled("", finding.message)
    yield titled("to fix" if finding.severity == "error" else "", finding.fix)


def _tensor(tensor: TensorMatch) -> str:
    said = f'"{flat(tensor.name)}" is {_STATES[tensor.state]}: logged as {tensor.dtype}'
    if tensor.dtype != tensor.model_dtype:
        said += f" (the model has {tensor.model_dtype})"
    if tensor.range is not None:
        said += f", values from {_span(tensor.range)}"
    if tensor.right_range is not None and tensor.state not in {"same", "harmless"}:
        said += f"; right are real values from {_span(tensor.right_range)}"
    if tensor.nonfinite:
        said += f"; {tensor.nonfinite} values are NaN or infinite"
    if tensor.agreement is not None:
        said += f"; same class as on this host in {tensor.agreement:.1%}"
    return said


def _unseen(found: MatchReport) -> Iterator[str]:
    """What these samples cannot show, where all else seems well."""
    unseen = [words for tensor in found.tensors for words in tensor.unseen]
    if unseen and found.verdict == "pass":
        shown = "; ".join(dict.fromkeys(unseen[:_MOST]))
        more = f"; and {len(unseen) - _MOST} more" if unseen[_MOST:] else ""
        yield titled("unseen", f"these samples cannot show: {shown}{more}")


def _samples(found: MatchReport) -> str:
    shown = ", ".join(flat(each) for each in found.sample_ids[:3])
    more = ", ..." if found.sample_ids[3:] else ""
    how = "named by the dump" if found.has_ids else (
        "the dump has no ids, so they are taken as the first of the dataset, in its order"
    )  # fmt: skip
    return f"{found.samples} ({shown}{more}); {how}"


def _span(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:.4g} to {bounds[1]:.4g}"
