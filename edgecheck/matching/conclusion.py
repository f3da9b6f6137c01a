"""What all tensors of a dump together amount to."""

from collections.abc import Sequence
from dataclasses import replace

from edgecheck.findings import Finding
from edgecheck.match_report import MatchReport, TensorMatch
from edgecheck.matching.scene import Scene
from edgecheck.rules.wording import count, percent, plain


def concluded(
    scene: Scene,
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
        samples=scene.count,
        sample_ids=scene.made.stored.ids,
        has_ids=scene.has_ids,
    )
    if any(finding.severity == "error" for finding in findings):
        return replace(found, verdict="fail", exit_code=1, summary=findings[0].message)
    unknown = [each for each in tensors if each.state in {"unexplained", "reordered"}]
    if unknown:
        return replace(found, summary=_unexplained(unknown[0], tensors))
    return replace(found, verdict="pass", exit_code=0, summary=_passed(found))


def _unexplained(tensor: TensorMatch, tensors: Sequence[TensorMatch]) -> str:
    if tensor.state == "reordered":
        return (
            f'{tensor.kind.capitalize()} "{plain(tensor.name)}" is right, but of the samples in '
            "another order. Give the dump `ids`: then it is plain whether the device mixes them up."
        )
    said = f'Nothing that is known makes {tensor.kind} "{plain(tensor.name)}" as it was logged.'
    if tensor.kind == "output" and (tensor.exact_share or 0.0) >= 0.5:
        said += f" {percent(tensor.exact_share or 0.0)} of the samples are right: log more others."
    if tensor.nearest is not None:
        said += f" Nearest comes: {plain(tensor.nearest, 160)}."
    if all(each.kind == "output" for each in tensors):
        said += " Dump the inputs of the same runs too: they decide."
    return said


def _passed(found: MatchReport) -> str:
    said = f"The dump is what spec and model make, on {count(found.samples, 'sample')}"
    notes = [plain(str(finding.evidence["words"]), 120) for finding in found.findings]
    if notes:
        said += f"; harmless: {'; '.join(notes)}"
    if any(each.state == "harmless" for each in found.tensors) and not notes:
        said += ", but for what kernels of another runtime may round otherwise"
    if all(each.kind == "output" for each in found.tensors):
        said += ". Only outputs were dumped: what changes no answer of these samples is not seen"
    return f"{said}."
