"""The repair: new activation ranges, written only where they are proven better.

The samples are split: ranges come from one part, the proof from the other. Nothing is written
unless the new file passes validation on samples that it was not calibrated on, is better there
than the old one, and runs in every installed runtime that runs the old one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from edgecheck.compare.stream import Progress, SideFault
from edgecheck.errors import EdgecheckError, UsageError, as_edgecheck_error
from edgecheck.findings import ErrorInfo, Report
from edgecheck.new_file import require_free, scratch_folder, write_new
from edgecheck.quantization import QuantParams
from edgecheck.recalibration.workshop import Chosen, Workshop
from edgecheck.repair.improvement import objection
from edgecheck.repair.repairable import Declined, prepared
from edgecheck.repair.split import Noted, Split
from edgecheck.repair_report import PortChange, PortParams, RepairReport
from edgecheck.runs.draft import Options
from edgecheck.runtime.worker_process import KeptProcess
from edgecheck.samples.part import Part, without
from edgecheck.tflite.edit.editor import EditImpossible
from edgecheck.tflite.reader import read_model
from edgecheck.tflite.recalibrate.activation_ranges import changed_ports, stored_ranges
from edgecheck.tflite.recalibrate.recalibrated import BiasOverflow
from edgecheck.validation import examine, inputs_of, new_draft


@dataclass(frozen=True)
class RepairOptions:
    """How to repair."""

    validation: Options
    """How to validate, before and after; `limit` counts all samples."""
    calibrate: int | None = None
    """Samples that ranges are chosen from; None for half of them, at most 200."""
    force: bool = False
    """Replace what stands where the new file goes, unless it is an input."""


def repair(
    spec: Path, model: Path, out: Path, options: RepairOptions, progress: Progress
) -> RepairReport:
    """Recalibrate a .tflite file in place of its stored ranges, and write it if that is better.

    A bad spec, model, dataset, environment or place for the new file raises nothing: `error` and
    `exit_code` of the report say what happened.

    Args:
        spec: path of the YAML file.
        model: path of the candidate; it is never changed.
        out: where the new file goes.
        options: how.
        progress: told (samples done, samples in all) of every pass.
    """
    report = RepairReport(written=None, reason="", exit_code=1)
    draft = new_draft(options.validation)
    draft.narrow = split = Split(draft, options.calibrate)
    try:
        _require_reference(options)
        inputs = inputs_of(spec, model, options.validation.reference)
        require_free(out, inputs, force=options.force)
        before = examine(draft, spec, model, progress)
        report = replace(report, before=before)
        if before.error is not None:
            return _unusable(report, before.error, before.summary)
        ready = prepared(draft, before)
        report = replace(report, unseen=split.unseen, overruled=ready.overruled)
        with scratch_folder() as folder:
            workshop = Workshop(ready.setup, ready.data, ready.twin, folder)
            attempt = _Attempt(spec, out, options, split, draft.kept, progress)
            report, data = attempt.make(workshop, report)
        if not report.reason:
            write_new(out, data, force=options.force)
            report = replace(report, written=str(out), exit_code=0)
    except Declined as declined:
        return replace(report, reason=str(declined), exit_code=declined.exit_code)
    except EdgecheckError as error:
        return stopped(error, report)
    finally:
        draft.kept.close()
    return report


def _require_reference(options: RepairOptions) -> None:
    """Refuse to work where no result could be proven.

    Raises:
        UsageError: there is to be no reference.
    """
    if options.validation.reference == "none":
        raise UsageError(
            "--reference none leaves no float model to prove a repair against",
            hint="leave it out: the spec's reference is used, or the model's own twin",
        )


def stopped(error: Exception, report: RepairReport | None = None) -> RepairReport:
    """The report of a repair that an error of ours, or a bug in edgecheck, ended.

    Args:
        error: what ended it.
        report: what was known by then.
    """
    known = as_edgecheck_error(error)
    report = report or RepairReport(written=None, reason="", exit_code=known.exit_code)
    return _unusable(report, ErrorInfo.of(known), known.message)


def _unusable(report: RepairReport, error: ErrorInfo, reason: str) -> RepairReport:
    return replace(report, reason=reason, exit_code=error.exit_code, error=error)


@dataclass(frozen=True)
class _Attempt:
    """One recalibration, and its proof."""

    spec: Path
    out: Path
    options: RepairOptions
    split: Split
    kept: KeptProcess
    progress: Progress

    def make(self, workshop: Workshop, report: RepairReport) -> tuple[RepairReport, bytes]:
        """The report, whose `reason` is empty where the new file may be written, and that file."""
        split, before = self.split, report.before
        if split.whole is None or before is None:
            raise ValueError("the samples were not split")
        calibration = Noted(Part(split.whole, split.places))
        try:
            chosen = workshop.choose(calibration, split.seed, self.progress)
        except (SideFault, EditImpossible, BiasOverflow) as error:
            return replace(report, reason=f"no recalibrated file could be made: {error}"), b""
        if chosen.data == workshop.data:
            said = "the stored ranges are already those that the samples give"
            return replace(report, reason=said), b""
        after = self._validated(chosen, workshop.folder)
        reason = objection(before, after) or workshop.runtime_objection(
            chosen.data, workshop.setup.dataset, self.progress
        )
        found = replace(
            report,
            reason=reason,
            after=after,
            calibrated=len(split.places),
            calibrated_ids=tuple(calibration.ids),
            seed=split.seed,
        )
        return _with_changes(found, workshop, chosen), chosen.data

    def _validated(self, chosen: Chosen, folder: Path) -> Report:
        path = folder / "recalibrated.tflite"
        path.write_bytes(chosen.data)
        draft = new_draft(self.options.validation)
        draft.narrow, draft.kept = without(self.split.places), self.kept
        found = examine(draft, self.spec, path, self.progress)
        model = {**found.environment.get("model", {}), "path": str(self.out)}
        return replace(found, environment={**found.environment, "model": model})


def _with_changes(report: RepairReport, workshop: Workshop, chosen: Chosen) -> RepairReport:
    """The report, told what the new file has that the old had not."""
    old = workshop.twin.candidate
    was = stored_ranges(old)
    now = stored_ranges(read_model(chosen.data))
    return replace(
        report,
        method=chosen.method,
        scores_db=chosen.scores,
        changed_activations=sum(was[key] != now[key] for key in was),
        ports=tuple(_port_changes(workshop, chosen.data)),
        untouched=tuple(signature.key for signature in old.signatures if signature.subgraph),
    )


def _port_changes(workshop: Workshop, data: bytes) -> Iterator[PortChange]:
    """What a caller of the model must change."""
    model = workshop.twin.candidate
    given = set(model.subgraphs[0].inputs)
    for old, new in changed_ports(model, read_model(data)):
        was, now = old.tensor.quantization, new.tensor.quantization
        if was is not None and now is not None:
            kind: Literal["input", "output"] = "input" if old.tensor.index in given else "output"
            yield PortChange(kind, old.name, _params(was), _params(now))


def _params(quantization: QuantParams) -> PortParams:
    return PortParams(quantization.scales[0], quantization.zero_points[0])
