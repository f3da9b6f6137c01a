"""What all tensors of a dump together amount to."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from edgecheck.findings import Finding
from edgecheck.match.opened import OpenedMatch
from edgecheck.match_report import MatchReport, TensorMatch
from edgecheck.rules.wording import count, number, percent, plain

_SPEC: Final = "what the spec says"
"""As the nearest: no mistake."""


def concluded(
    opened: OpenedMatch,
    report: MatchReport,
    findings: Sequence[Finding],
    tensors: tuple[TensorMatch, ...],
) -> MatchReport:
    """The report with its verdict: a mistake fails, what is unexplained is inconclusive."""
    findings = sorted(findings, key=lambda finding: finding.severity != "error")
    found = replace(
        report,
        findings=tuple(findings),
        tensors=tensors,
        samples=opened.count,
        sample_ids=opened.made.stored.ids,
        has_ids=opened.has_ids,
    )
    if any(finding.severity == "error" for finding in findings):
        return replace(found, verdict="fail", exit_code=1, summary=findings[0].message)
    unknown = [each for each in tensors if each.state in {"unexplained", "reordered"}]
    if unknown:
        return replace(found, summary=_unexplained(unknown[0], tensors))
    return replace(found, verdict="pass", exit_code=0, summary=_passed(found, _left(opened)))


def _left(opened: OpenedMatch) -> list[str]:
    """Inputs that were not dumped, though others were."""
    dumped = {each.name for each in opened.of("input")}
    return [name for name in opened.made.inputs if dumped and name not in dumped]


def _unexplained(tensor: TensorMatch, tensors: Sequence[TensorMatch]) -> str:
    if tensor.state == "reordered":
        return (
            f'{tensor.kind.capitalize()} "{plain(tensor.name)}" is right, but of the samples in '
            "another order. Give the dump `ids`: then it is plain whether the device mixes them up."
        )
    said = f'Nothing that is known makes {tensor.kind} "{plain(tensor.name)}" as it was logged.'
    said += _differing(tensor)
    if tensor.nearest is not None and tensor.nearest != _SPEC:
        is_alike = tensor.kind == "output" and tensor.deviation is not None
        verb = "It could come of" if is_alike else "Nearest comes:"
        said += f" {verb} {plain(tensor.nearest, 240)}."
    if all(each.kind == "output" for each in tensors):
        said += " Dump the inputs of the same runs too: they decide."
    return said


def _differing(tensor: TensorMatch) -> str:
    """Which samples are not right, where in them, and by how much."""
    if tensor.right_samples is None:
        return ""
    shown = ", ".join(plain(each, 60) for each in tensor.differing[:3])
    wrong = tensor.samples - tensor.right_samples
    more = ", ..." if wrong > 3 else ""
    said = (
        f" {tensor.right_samples} of {count(tensor.samples, 'sample')} are right, not {shown}{more}"
    )
    said = said if tensor.right_samples else " No sample is right"
    if tensor.deviation is not None and tensor.healthy is not None:
        said += (
            f": they differ from this host's by up to {number(tensor.deviation)}, other kernels and "
            f"roundings change them by {number(tensor.healthy)} at most"
        )
    if tensor.wrong_share is not None:
        said += f": {percent(tensor.wrong_share)} of all values differ"
        said += f", all in {tensor.place}" if tensor.place is not None else ""
    return f"{said}."


def _passed(found: MatchReport, left: Sequence[str]) -> str:
    said = f"The dump is what spec and model make, on {count(found.samples, 'sample')}"
    notes = [plain(str(finding.evidence["words"]), 120) for finding in found.findings]
    if notes:
        said += f"; harmless: {'; '.join(notes)}"
    few = [each for each in found.tensors if each.state == "same" and each.wrong_share]
    for each in few:
        said += f"; but {percent(each.wrong_share or 0)} of the values of "
        said += f'{each.kind} "{plain(each.name)}" differ{_where(each)}'
    said += "".join(
        f'; input "{plain(name)}" was not dumped, so nothing is said of it' for name in left
    )
    if any(each.state == "harmless" for each in found.tensors) and not notes:
        said += ", but for what kernels of another runtime may round otherwise"
    if all(each.kind == "output" for each in found.tensors):
        said += ". Only outputs were dumped: what changes no answer of these samples is not seen"
    return f"{said}."


def _where(tensor: TensorMatch) -> str:
    wrong = tensor.samples - (tensor.right_samples or 0)
    place = "" if tensor.place is None else f", all in {tensor.place}"
    return f", in {wrong} of {count(tensor.samples, 'sample')}{place}"
