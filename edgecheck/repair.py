"""The repair: new activation ranges, written only where they are proven better.

The samples are split: ranges come from one part, the proof from the other. Nothing is written
unless the new file passes validation on samples that it was not calibrated on, is better there
than the old one, and runs in every installed runtime that runs the old one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from edgecheck.baselines import twin_or_reason
from edgecheck.checks.labels import reference_is_lost, reference_works
from edgecheck.compare.calibration_ranges import calibrated_keys
from edgecheck.compare.experiment import Setup
from edgecheck.compare.stream import Progress, SideFault
from edgecheck.draft import Draft, Options
from edgecheck.errors import UnusableError, UsageError
from edgecheck.findings import Report
from edgecheck.improvement import errors_of, objection
from edgecheck.new_file import require_free, write_new
from edgecheck.quantization import QuantParams
from edgecheck.recalibration import Chosen, Workshop
from edgecheck.samples.chunk import Dataset
from edgecheck.samples.part import Part, without
from edgecheck.samples.selection import select
from edgecheck.tflite.dequantize.twin import Twin
from edgecheck.tflite.edit.editor import EditImpossible
from edgecheck.tflite.reader import read_model
from edgecheck.tflite.recalibrate.activation_ranges import changed_ports, stored_ranges
from edgecheck.tflite.recalibrate.recalibrated import BiasOverflow
from edgecheck.validation import examine, inputs_of, new_draft

MOST_CALIBRATED: Final = 200
LEAST_CALIBRATED: Final = 10
LEAST_UNSEEN: Final = 20

_SUSPECTS: Final = frozenset(
    {"audio-feature-mismatch", "calibration-preprocessing-mismatch", "channel-count-mismatch",
     "features-unscaled", "input-double-normalized", "input-double-quantized",
     "input-not-normalized", "input-range-mismatch", "layout-nchw-nhwc"}
)  # fmt: skip
"""Rules that say: the samples are not prepared as the model expects them."""


@dataclass(frozen=True)
class RepairOptions:
    """How to repair."""

    validation: Options
    """How to validate, before and after; `limit` counts all samples."""
    calibrate: int | None = None
    """Samples that ranges are chosen from; None for half of them, at most 200."""
    force: bool = False
    """Replace what stands where the new file goes, unless it is an input."""


@dataclass(frozen=True)
class PortChange:
    """An input or output with other parameters than before: device code may hold them."""

    kind: str
    """"input" or "output"."""
    name: str
    before: QuantParams
    after: QuantParams


@dataclass(frozen=True)
class Repair:
    """What came of it."""

    before: Report
    """Of the given file, on the samples that calibration did not see."""
    reason: str = ""
    """Why nothing was written; empty where the new file was."""
    after: Report | None = None
    """Of the recalibrated file, on the same samples; None where none was made."""
    chosen: Chosen | None = None
    calibrated: int = 0
    """Samples that ranges were chosen from."""
    changed: int = 0
    """Activations whose range changed."""
    ports: tuple[PortChange, ...] = ()
    exit_code: int = 1
    """0 where the file was written, 1 where not; that of the report if nothing could be run."""


class _Declined(Exception):
    """Why nothing can be repaired."""

    def __init__(self, reason: str, exit_code: int = 1) -> None:
        super().__init__(reason)
        self.exit_code = exit_code


def repair(
    spec: Path, model: Path, out: Path, options: RepairOptions, progress: Progress
) -> Repair:
    """Recalibrate a .tflite file in place of its stored ranges, and write it if that is better.

    Args:
        spec: path of the YAML file.
        model: path of the candidate; it is never changed.
        out: where the new file goes.
        options: how.
        progress: told (samples done, samples in all) of every pass.

    Raises:
        UsageError: `out` is an input or taken.
        UnusableError: the environment or an input became unusable on the way.
    """
    inputs = inputs_of(spec, model, options.validation.reference)
    require_free(out, inputs, force=options.force)
    draft = new_draft(options.validation)
    split = _Split(draft, options.calibrate)
    draft.narrow = split
    before = examine(draft, spec, model, progress)
    if before.error is not None:
        return Repair(before, before.summary, exit_code=before.exit_code)
    try:
        setup, data, twin = _prepared(draft, before)
    except _Declined as declined:
        return Repair(before, str(declined), exit_code=declined.exit_code)
    with _folder() as folder:
        workshop = Workshop(setup, data, twin, folder)
        found = _Attempt(spec, options, split, progress).make(workshop, before)
    if found.reason or found.chosen is None:
        return found
    write_new(out, found.chosen.data, force=options.force)
    return replace(found, exit_code=0)


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for files that are tried.

    Raises:
        UnusableError: the disk is full, or the folder goes away.
    """
    try:
        with TemporaryDirectory(prefix="edgecheck-") as folder:
            yield Path(folder)
    except OSError as error:
        hint = "make the folder for temporary files usable and try again"
        raise UnusableError(str(error), hint=hint) from None


class _Split:
    """Keeps the calibration samples out of what is validated."""

    def __init__(self, draft: Draft, calibrate: int | None) -> None:
        self._draft = draft
        self._calibrate = calibrate
        self.places: tuple[int, ...] = ()
        self.whole: Dataset | None = None

    def __call__(self, whole: Dataset) -> Dataset:
        """The samples that calibration will not see.

        Raises:
            UsageError: too many samples are asked for calibration.
            UnusableError: there are too few samples.
        """
        count = len(whole)
        if count < LEAST_CALIBRATED + LEAST_UNSEEN:
            raise UnusableError(
                f"there are {count} samples: {LEAST_CALIBRATED} at least to calibrate on, and "
                f"{LEAST_UNSEEN} others to prove the result on, are needed",
                hint="give more samples in `dataset.path`, or raise `limit`",
            )
        wanted = self._calibrate or min(MOST_CALIBRATED, count // 2, count - LEAST_UNSEEN)
        if not LEAST_CALIBRATED <= wanted <= count - LEAST_UNSEEN:
            raise UsageError(
                f"--calibrate {wanted} of {count} samples",
                hint=f"give {LEAST_CALIBRATED} to {count - LEAST_UNSEEN}: {LEAST_UNSEEN} at least "
                "must stay unseen",
            )
        self.whole = whole
        self.places = tuple(select(count, wanted, self.seed, in_file_order=self._in_file_order))
        return without(self.places)(whole)

    @property
    def seed(self) -> int:
        """Of the spec's dataset."""
        loaded = self._draft.spec
        return 0 if loaded is None or loaded.spec.dataset is None else loaded.spec.dataset.seed

    @property
    def _in_file_order(self) -> bool:
        loaded = self._draft.spec
        if loaded is None or loaded.spec.dataset is None:
            return False
        return loaded.spec.dataset.order == "file" or loaded.spec.state == "stream"


def _prepared(draft: Draft, before: Report) -> tuple[Setup, bytes, Twin]:
    """What to work on.

    Raises:
        _Declined: ranges are not, or cannot be shown to be, what is wrong.
    """
    evidence, setup = draft.evidence, draft.setup
    if evidence is None or setup is None or draft.observation is None:
        raise _Declined(f"the model was not run: {draft.why_not_run}", before.exit_code)
    twin = twin_or_reason(evidence)
    if isinstance(twin, str):
        raise _Declined(twin)
    if setup.candidate.contract.subgraph:
        raise _Declined("its signature is not that of the main graph")
    if not calibrated_keys(evidence.data, twin):
        raise _Declined("the file stores no activation range that could be chosen anew")
    errors = {finding.rule: finding.message for finding in errors_of(before)}
    if "inputs-out-of-domain" in errors:
        raise _Declined(
            f"the samples are not what the model is for: {errors['inputs-out-of-domain']}"
        )
    if reference_is_lost(evidence):
        raise _Declined(
            "without any quantization the model does not meet the labels either, so the steps of "
            "the spec, the labels or the training are suspect, not the ranges"
        )
    suspect = next((rule for rule in errors if rule in _SUSPECTS), None)
    if suspect is not None and not reference_works(evidence):
        raise _Declined(
            "either the spec's steps or the stored ranges are wrong, and no labels tell which: "
            f"{errors[suspect]}"
        )
    return setup, evidence.data, twin


@dataclass(frozen=True)
class _Attempt:
    """One recalibration, and its proof."""

    spec: Path
    options: RepairOptions
    split: _Split
    progress: Progress

    def make(self, workshop: Workshop, before: Report) -> Repair:
        """The result; `reason` is empty where the new file may be written."""
        split = self.split
        if split.whole is None:
            raise ValueError("the samples were not split")
        calibration = Part(split.whole, split.places)
        try:
            chosen = workshop.choose(calibration, split.seed, self.progress)
        except (SideFault, EditImpossible, BiasOverflow) as error:
            return Repair(before, f"no recalibrated file could be made: {error}")
        if chosen.data == workshop.data:
            return Repair(before, "the stored ranges are already those that the samples give")
        after = self._validated(chosen, workshop.folder)
        reason = objection(before, after) or workshop.runtime_objection(
            chosen.data, workshop.setup.dataset, self.progress
        )
        old, new = workshop.twin.candidate, read_model(chosen.data)
        was, now = stored_ranges(old), stored_ranges(new)
        return Repair(
            before=before,
            reason=reason,
            after=after,
            chosen=chosen,
            calibrated=len(split.places),
            changed=sum(was[key] != now[key] for key in was),
            ports=_port_changes(workshop, chosen.data),
        )

    def _validated(self, chosen: Chosen, folder: Path) -> Report:
        path = folder / "recalibrated.tflite"
        path.write_bytes(chosen.data)
        draft = new_draft(self.options.validation)
        draft.narrow = without(self.split.places)
        return examine(draft, self.spec, path, self.progress)


def _port_changes(workshop: Workshop, data: bytes) -> tuple[PortChange, ...]:
    """What a caller of the model must change."""
    model = workshop.twin.candidate
    given = set(model.subgraphs[0].inputs)
    return tuple(
        PortChange(
            "input" if old.tensor.index in given else "output",
            old.name,
            old.tensor.quantization,
            new.tensor.quantization,
        )
        for old, new in changed_ports(model, read_model(data))
        if old.tensor.quantization is not None and new.tensor.quantization is not None
    )
