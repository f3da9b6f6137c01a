"""The report of a repair: plain data, as `findings.py` for a validation, with the same JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from edgecheck.findings import ErrorInfo, Finding, Report

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class PortParams:
    """real = scale * (code - zero_point)."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class PortChange:
    """An input or output with other parameters than before: device code may hold them."""

    kind: Literal["input", "output"]
    name: str
    before: PortParams
    after: PortParams


@dataclass(frozen=True)
class Overruled:
    """A finding for which repair would have declined, had the spec not ignored it."""

    rule: str
    message: str
    reason: str
    """Of the spec."""


@dataclass(frozen=True, kw_only=True)
class RepairReport:
    """What came of one repair."""

    kind: Literal["repair"] = "repair"
    schema_version: int = SCHEMA_VERSION
    written: str | None
    """Path of the new file; None where nothing was written."""
    reason: str
    """Why nothing was written; empty where the new file was."""
    exit_code: int
    """0 where the file was written, 1 where not; that of the report if nothing could be run."""
    method: str | None = None
    """How ranges were chosen; None where no new file was made."""
    scores_db: Mapping[str, float] = field(default_factory=dict)
    """Method -> SQNR against the twin on calibration samples that were kept out of its ranges."""
    calibrated: int = 0
    """Samples that ranges were chosen from."""
    calibrated_ids: tuple[str, ...] = ()
    """Which ones, in the order of the dataset; all others were unseen."""
    seed: int | None = None
    """Of the draw, the spec's `dataset.seed`; None where nothing was calibrated.

    `numpy.random.Generator(numpy.random.PCG64(seed)).choice(calibrated + unseen, calibrated,
    replace=False)` gives the places of those samples, from 0, among all that the limit leaves.
    With `order: file` or `state: stream` they are the first ones instead.
    """
    unseen: int = 0
    """The other samples, which old and new file were validated on."""
    changed_activations: int = 0
    """Activations whose range changed."""
    ports: tuple[PortChange, ...] = ()
    untouched: tuple[str, ...] = ()
    """Signatures of other graphs of the file, which keep their ranges."""
    overruled: tuple[Overruled, ...] = ()
    before: Report | None = None
    """Of the given file, on the unseen samples; None where it was not looked at."""
    after: Report | None = None
    """Of the recalibrated file, on the same samples; None where none was made.

    Its model has the path that was asked for, also where nothing was written there.
    """
    error: ErrorInfo | None = None


def errors_of(report: Report) -> tuple[Finding, ...]:
    """The findings that are errors, causes first, ranked as the report ranks them."""
    found = [finding for finding in report.findings if finding.severity == "error"]
    last = len(report.causes)
    ranks = {(cause.rule, cause.summary): place for place, cause in enumerate(report.causes)}
    return tuple(
        sorted(found, key=lambda f: (f.role != "cause", ranks.get((f.rule, f.message), last)))
    )
