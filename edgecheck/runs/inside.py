"""A look inside the candidate, where there is a reason for it: the walk through its layers, and what
its stored ranges say about the calibration.
"""

from dataclasses import dataclass, replace
from time import perf_counter

from edgecheck.checks.evidence import Evidence
from edgecheck.checks.parity import is_beyond_limits
from edgecheck.compare.experiment import Setup
from edgecheck.compare.forensics import Forensics, Tally, forensics, tally_of
from edgecheck.compare.layers import LayerWalk, WalkImpossible, walk
from edgecheck.compare.stream import Progress, SideFault
from edgecheck.runs.draft import Draft
from edgecheck.tflite.dequantize.isolated import Isolated, isolated
from edgecheck.tflite.dequantize.twin import Twin
from edgecheck.tflite.edit.editor import EditImpossible


@dataclass(frozen=True)
class Inside:
    """What was seen."""

    walk: LayerWalk
    forensics: Forensics | None
    """None where the stored ranges could not be compared with anything."""


def look_inside(
    draft: Draft, evidence: Evidence, setup: Setup, progress: Progress
) -> Inside | None:
    """Walk through the layers if that was asked for, or if an output is beyond a limit of parity.

    Args:
        draft: told the outcome, unless no walk was wanted.
        evidence: with the comparison of the pass before.
        setup: of that pass.
        progress: told as in a pass.

    Raises:
        DatasetUnreadable: a sample cannot be read any more.
    """
    if not draft.options.look_closer(has_reason=is_beyond_limits(evidence)):
        return None
    start = perf_counter()
    twin = draft.files.twin(evidence)
    if isinstance(twin, str):
        draft.conclude("layers", "skipped", twin)
        return None
    if draft.observation is not None:
        setup = replace(setup, backends=(draft.observation.desk,))
    tally = tally_of(setup, twin, evidence.data)
    try:
        watch = None if tally is None else tally.watch
        found = walk(setup, twin, _isolated(twin), progress, watch)
    except WalkImpossible as reason:
        draft.conclude("layers", "skipped", str(reason))
        return None
    except SideFault as fault:
        draft.conclude("layers", "crashed", f"the {fault.who}: {fault}", start)
        return None
    draft.conclude("layers", "passed", found.why_not_isolated, start)
    return Inside(found, None if tally is None else _forensics(setup, twin, tally))


def _forensics(setup: Setup, twin: Twin, tally: Tally) -> Forensics | None:
    """What the stored ranges say; nothing where noise is more than the twin can take."""
    try:
        return forensics(setup, twin, tally)
    except SideFault:
        return None


def _isolated(twin: Twin) -> Isolated | None:
    """The twin with every edge cut, if it can be cut."""
    try:
        return isolated(twin)
    except EditImpossible:
        return None
