"""What does the firmware do? A dump from a device, and the mistake that made it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from edgecheck.compare.stream import Progress, SideFault
from edgecheck.errors import EdgecheckError, UnusableError, UsageError, as_edgecheck_error
from edgecheck.findings import ErrorInfo, Finding
from edgecheck.match_report import MatchReport, State, TensorMatch
from edgecheck.matching.answers import Answers, Asked, Judged, dumped_rows
from edgecheck.matching.conclusion import concluded
from edgecheck.matching.explanation import Match
from edgecheck.matching.fed import as_bytes, fed_values
from edgecheck.matching.findings import input_findings, nonfinite_finding
from edgecheck.matching.inputs import explain_input
from edgecheck.matching.likeness import real_values
from edgecheck.matching.placed import Placed
from edgecheck.matching.scene import Request, Scene, open_scene
from edgecheck.runs.draft import Options
from edgecheck.spec.load import load_spec
from edgecheck.tensors import Array
from edgecheck.validation import new_draft

_MOST_BROKEN: Final = 0.5
"""Of the values of an input that are no numbers: more, and nothing else can be told."""
_VALIDATE: Final = "Run `edgecheck validate SPEC MODEL`: it looks into the model."


@dataclass(frozen=True)
class MatchOptions:
    """How to match."""

    runtime: str = "auto"
    limit: int | None = None
    """Most samples to compare; None for 64."""
    tensor: str | None = None
    """Name of the one tensor of a dump that does not name it."""
    timeout: float = 60.0
    """Seconds that loading, or one run of one sample, may take."""

    def __post_init__(self) -> None:
        """Refuse what no run can keep to."""
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit is {self.limit}", hint="Give a limit above 0.")
        if not self.timeout > 0:
            raise UsageError(f"timeout is {self.timeout:g}", hint="Give a timeout above 0.")


@dataclass(frozen=True)
class _Part:
    """What one tensor, or all outputs, added to the report."""

    tensors: tuple[TensorMatch, ...]
    findings: tuple[Finding, ...] = ()


def match(
    spec: Path, model: Path, dump: Path, options: MatchOptions, progress: Progress
) -> MatchReport:
    """Find the mistake that made what a device logged.

    A bad spec, model, dataset, dump or environment raises nothing: `error` and `exit_code` of the
    report say what happened.

    Args:
        spec: path of the YAML file.
        model: path of the .tflite file that was flashed.
        dump: what was logged; see `edgecheck/device/README.md`.
        options: how.
        progress: told (tensors done, tensors in all).
    """
    known = new_draft(Options()).environment
    known |= {"spec": {"path": str(spec)}, "model": {"path": str(model)}, "dump": str(dump)}
    report = MatchReport(
        verdict="inconclusive",
        summary="",
        exit_code=3,
        settings=asdict(options),
        environment=known,
    )
    try:
        loaded = load_spec(spec)
        request = Request(
            model, dump, options.tensor, options.runtime, options.limit, options.timeout
        )
        scene = open_scene(loaded, request)
        known["model"] |= {"sha256": scene.model.sha256, "size_bytes": scene.model.size_bytes}
        known["spec"] |= {"sha256": loaded.sha256}
        with np.errstate(all="ignore"):  # a dump may hold any bit pattern
            return _matched(scene, report, known, progress)
    except SideFault as side:
        said = f"the model does not run on this host: {side.fault.words.strip() or side.fault}"
        return stopped(UnusableError(said, hint=_VALIDATE), report)
    except EdgecheckError as error:
        return stopped(error, report)
    except OSError as error:
        hint = "make the file or folder usable and try again"
        return stopped(UnusableError(str(error), hint=hint), report)


def stopped(error: Exception, report: MatchReport | None = None) -> MatchReport:
    """The report of a match that an error of ours, or a bug in edgecheck, ended.

    Args:
        error: what ended it.
        report: what was known by then.
    """
    known = as_edgecheck_error(error)
    report = report or MatchReport(verdict="inconclusive", summary="", exit_code=0)
    return replace(
        report,
        verdict="inconclusive",
        summary=known.message,
        exit_code=known.exit_code,
        error=ErrorInfo.of(known),
    )


def _matched(
    scene: Scene, report: MatchReport, environment: dict[str, Any], progress: Progress
) -> MatchReport:
    parts = []
    inputs, outputs = scene.of("input"), scene.of("output")
    fed = dict(scene.made.prepared)
    for done, placed in enumerate(inputs):
        progress(done, len(scene.tensors))
        dumped = as_bytes(placed.read(scene.count), placed.port.tensor.dtype)
        parts.append(_input(scene, placed, dumped))
        fed[placed.name] = fed_values(dumped, scene.made.receivers[placed.name])
    if outputs:
        progress(len(inputs), len(scene.tensors))
        left = [name for name in fed if name not in {each.name for each in inputs}]
        dumped_outputs = dumped_rows(outputs, scene.count)
        is_known = all(each.state != "unexplained" for part in parts for each in part.tensors)
        asked = Asked(scene.setup, scene.made, fed, outputs, dumped_outputs, left, is_known)
        answers = asked.judge()
        used = answers.opened
        environment["runtime"] = {"name": used.backend.name, "version": used.version}
        parts.append(_outputs(answers, dumped_outputs, _is_wrong(parts)))
    progress(len(scene.tensors), len(scene.tensors))
    findings = [finding for part in parts for finding in part.findings]
    tensors = tuple(each for part in parts for each in part.tensors)
    return concluded(scene, report, findings, tensors)


def _is_wrong(parts: Sequence[_Part]) -> bool:
    return any(each.state in {"mistake", "unexplained"} for part in parts for each in part.tensors)


def _input(scene: Scene, placed: Placed, dumped: Array) -> _Part:
    prepared = scene.made.prepared[placed.name]
    receiver = scene.made.receivers[placed.name]
    broken = float((~np.isfinite(dumped)).mean())
    if broken > _MOST_BROKEN:
        told = replace(_facts(placed, dumped, prepared), state="mistake", exact_share=0.0)
        return _Part((told,), (nonfinite_finding(receiver, scene.count, broken),))
    found = explain_input(dumped, prepared, receiver, scene.made.redone(placed.name))
    findings = tuple(input_findings(found, receiver, scene.count))
    told = _facts(placed, dumped, prepared)
    is_known = bool(found.explanations)
    best = found.explanations[0] if is_known else found.nearest
    told = replace(
        told,
        state=_state(found),
        exact_share=best.exact_share,
        nearest=None if is_known else best.words,
        unseen=tuple(mistake.words for mistake in found.unseen),
    )
    return _Part((told,), findings)


def _state(found: Match) -> State:
    if not found.explanations:
        return "unexplained"
    best = found.explanations[0]
    if not best.is_harmless:
        return "mistake"
    if best.rows is not None:
        return "reordered"
    return "harmless" if best.mistakes else "same"


def _outputs(answers: Answers, dumped: Mapping[str, Array], is_wrong: bool) -> _Part:
    findings = [each.finding for each in answers.outputs if each.finding is not None]
    tensors = []
    for each in answers.outputs:
        told = _facts(each.output, dumped[each.output.name], each.host)
        tensors.append(
            replace(
                told,
                state=_answered(each, answers, is_wrong=is_wrong),
                exact_share=each.exact_share,
                agreement=each.agreement,
                sqnr_db=each.sqnr_db,
                nearest=answers.nearest,
            )
        )
    blamed = () if answers.blamed is None else (answers.blamed,)
    return _Part(tuple(tensors), (*blamed, *findings))


def _answered(each: Judged, answers: Answers, *, is_wrong: bool) -> State:
    if each.is_same:
        return "follows" if is_wrong else "same"
    if each.finding is not None:
        return "diverges" if each.finding.rule == "kernel-divergence" else "mistake"
    if answers.blamed is not None:
        return "harmless" if answers.blamed.severity == "info" else "follows"
    if each.is_reordered:
        return "reordered"
    return "harmless" if each.is_near else "unexplained"


def _facts(placed: Placed, dumped: Array, right: Array) -> TensorMatch:
    tensor = placed.port.tensor
    real = real_values(dumped, tensor) if placed.kind == "output" else dumped
    return TensorMatch(
        kind=placed.kind,
        name=placed.name,
        state="unexplained",
        dtype=placed.logged.dtype,
        model_dtype=tensor.dtype,
        shape=placed.shape,
        samples=len(dumped),
        range=_range(dumped),
        right_range=_range(right),
        nonfinite=int((~np.isfinite(real)).sum()),
    )


def _range(values: Array) -> tuple[float, float] | None:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None
