"""A look at what samples do to the float model, where outputs collapsed or labels are not met."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from edgecheck import thresholds
from edgecheck.checks.evidence import Evidence
from edgecheck.checks.trouble import trouble
from edgecheck.compare.entrant import Entrant
from edgecheck.compare.experiment import Setup
from edgecheck.compare.made_models import twin_entrant
from edgecheck.compare.signal import LISTENED, Listened, Signal, listen
from edgecheck.compare.stream import SideFault
from edgecheck.runs.draft import Draft
from edgecheck.samples.part import Part
from edgecheck.samples.selection import spread
from edgecheck.tflite.contract import quantization_scheme

_CHECK = "float-signal"


def hear_signal(draft: Draft, evidence: Evidence, setup: Setup) -> Signal | None:
    """Follow a few samples through the float model, if there is a reason to.

    That is the reference if it is a float .tflite file, a float candidate, or the candidate's twin,
    which has the weights that were trained.

    Args:
        draft: told the outcome, unless it was not wanted.
        evidence: with the comparison of the pass before.
        setup: of that pass.

    Raises:
        DatasetUnreadable: a sample cannot be read any more.
        RuntimeMissing: the runtime does not work any more.
    """
    if not draft.options.look_closer(has_reason=trouble(evidence).anywhere):
        return None
    start = perf_counter()
    if draft.observation is not None:
        setup = replace(setup, backends=(draft.observation.desk,))
    setup = replace(setup, dataset=_few(setup))
    try:
        with TemporaryDirectory(prefix="edgecheck-") as folder:
            found = _float_model(draft, evidence, setup, Path(folder))
            if isinstance(found, str):
                draft.conclude(_CHECK, "skipped", found)
                return None
            heard = listen(setup, *found)
    except (SideFault, ValueError) as fault:
        draft.conclude(_CHECK, "skipped", f"the float model did not run: {fault}", start)
        return None
    said = _said_left_out(heard)
    if heard.left_out and heard.samples < thresholds.MIN_DISTINCT_INPUTS:
        draft.conclude(_CHECK, "skipped", said, start)
        return None
    draft.conclude(_CHECK, "passed", said, start)
    return heard


def _said_left_out(heard: Signal) -> str:
    seen = heard.samples + heard.left_out
    return f"{heard.samples} of {seen} samples hold finite values alone" if heard.left_out else ""


def _few(setup: Setup) -> Part:
    is_stream = setup.spec.state == "stream"
    return Part(setup.dataset, spread(len(setup.dataset), LISTENED, in_file_order=is_stream))


def _float_model(
    draft: Draft, evidence: Evidence, setup: Setup, folder: Path
) -> tuple[Entrant, Listened] | str:
    """The model that is listened to, or why there is none. `folder` is for the file of a twin."""
    known: list[tuple[Entrant | None, Listened]] = [
        (setup.reference, "reference"),
        (setup.candidate, "candidate"),
    ]
    for entrant, who in known:
        is_file = entrant is not None and entrant.trained is None
        if is_file and entrant is not None and quantization_scheme(entrant.model) == "none":
            return (entrant, who) if not entrant.contract.subgraph else _ELSEWHERE
    twin = draft.files.twin(evidence)
    if isinstance(twin, str) or setup.candidate.contract.subgraph:
        return twin if isinstance(twin, str) else _ELSEWHERE
    return twin_entrant(twin, setup.spec, setup.candidate.contract, folder), "twin"


_ELSEWHERE = "its signature is not that of the main graph"
