"""The chain from the reference to the candidate as it runs: when to follow it, and its models."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from edgecheck.chain import StageName
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.checks.lost_steps import may_be_lost
from edgecheck.checks.parity import has_lost_parity
from edgecheck.compare.entrant import Entrant, Trained, is_feedable
from edgecheck.compare.experiment import Setup
from edgecheck.compare.made_models import twin_entrant
from edgecheck.compare.stages import Link, SkippedStage, StageWalk, walk_stages
from edgecheck.compare.stream import Progress, SideFault
from edgecheck.conversion.source import request_of
from edgecheck.errors import ConversionFailed, RuntimeMissing, UnusableError
from edgecheck.runs.draft import Draft, fewer
from edgecheck.runs.references import fitted
from edgecheck.runtime.backends import MICRO
from edgecheck.samples.part import Part
from edgecheck.samples.selection import spread
from edgecheck.spec.model import Spec
from edgecheck.tflite.contract import contract_of, quantization_scheme
from edgecheck.tflite.inspection import is_compiled_for_edge_tpu
from edgecheck.tflite.reader import load_model

_CONVERSION_SECONDS = 600.0
_BUDGET_MS: Final = 60_000.0
"""What the samples of the slower model may take, by the latency that was measured."""
_LEAST: Final = 128
"""Samples that even slow models are compared on."""


def follow_stages(
    draft: Draft, evidence: Evidence, setup: Setup, progress: Progress
) -> StageWalk | None:
    """Follow the chain if the layers are looked at, and always behind a trained model.

    Args:
        draft: told the outcome, unless it was not wanted.
        evidence: with the comparison of the pass before.
        setup: of that pass; without a reference there is nothing to follow.
        progress: told as in a pass.

    Raises:
        DatasetUnreadable: a sample cannot be read any more.
        RuntimeMissing: the runtime does not work any more.
    """
    reference = setup.reference
    if reference is None or not _is_wanted(draft, evidence, reference):
        return None
    if is_compiled_for_edge_tpu(evidence.model):
        draft.conclude("stages", "skipped", "no CPU runs the stages of a compiled file")
        return None
    start = perf_counter()
    few = ""
    if draft.observation is not None:
        slower_ms = draft.observation.comparison.slower_ms
        setup = replace(setup, backends=(draft.observation.desk,))
        setup, few = _affordable(setup, slower_ms)
    try:
        with TemporaryDirectory(prefix="edgecheck-") as folder:
            found = walk_stages(
                setup, _chain(draft, evidence, setup, reference, Path(folder)), progress
            )
    except SideFault as fault:
        draft.conclude("stages", "crashed", f"{fault.who}: {fault}", start)
        return None
    draft.conclude("stages", "passed", few, start)
    return found


def _affordable(setup: Setup, slower_ms: float) -> tuple[Setup, str]:
    """The setup with as many samples as fit the budget, and what to say where that is not all."""
    count = len(setup.dataset)
    most = max(_LEAST, int(_BUDGET_MS / max(slower_ms, 1e-3)))
    if most >= count:
        return setup, ""
    places = spread(count, most, in_file_order=setup.spec.state == "stream")
    return replace(setup, dataset=Part(setup.dataset, places)), fewer(most, count, slower_ms)


def _is_wanted(draft: Draft, evidence: Evidence, reference: Entrant) -> bool:
    try:
        is_compared = bool(evidence.pairs)
    except NotApplicable:
        return False
    is_looked_into = draft.options.look_closer(has_reason=has_lost_parity(evidence))
    return is_compared and (is_looked_into or reference.trained is not None)


def _chain(
    draft: Draft, evidence: Evidence, setup: Setup, reference: Entrant, folder: Path
) -> list[Link | SkippedStage]:
    """The models behind the reference. A float candidate is its own float file and its own twin."""
    candidate, trained = setup.candidate, reference.trained
    as_it_runs = Link("kernels", "default kernels", candidate, "default")
    if draft.runtime is not None and draft.runtime.name in MICRO:
        micro = replace(candidate, backend=MICRO[draft.runtime.name])
        as_it_runs = Link("kernels", "TFLM", micro, "default")
    if quantization_scheme(candidate.model) == "none":
        made_by: StageName = "weights" if trained is None else "conversion"
        return [Link(made_by, "builtin kernels", candidate), as_it_runs]
    return [
        *([] if trained is None else [_float_file(draft, evidence, reference, trained, folder)]),
        _twin(draft, evidence, setup, folder),
        Link("activations", "builtin kernels", candidate),
        as_it_runs,
    ]


def _float_file(
    draft: Draft, evidence: Evidence, reference: Entrant, trained: Trained, folder: Path
) -> Link | SkippedStage:
    """The reference, converted without quantization."""
    try:
        entrant = _converted(draft, evidence, reference, trained, folder)
    except (ConversionFailed, RuntimeMissing, UnusableError) as error:
        why = f"the reference is not converted: {error.message}"
        return SkippedStage("conversion", "float .tflite", why)
    if entrant is None or not is_feedable(entrant, evidence.spec):
        why = "the converted reference does not take the inputs of the spec"
        return SkippedStage("conversion", "float .tflite", why)
    return Link("conversion", "float .tflite", entrant)


def _converted(
    draft: Draft, evidence: Evidence, reference: Entrant, trained: Trained, folder: Path
) -> Entrant | None:
    """The file as a model of the comparison; None where its inputs have other names.

    Raises:
        ConversionFailed, RuntimeMissing, UnusableError: there is no file.
    """
    if trained.format == "onnx":
        # Each tool for it has its own idea of layouts, and which one made the candidate is unknown.
        raise UnusableError("it is an ONNX model, which other tools convert", hint="")
    request = request_of(
        evidence.spec,
        reference.path,
        trained.format,
        folder / "float.tflite",
        allow_code=trained.allow_code,
    )
    path = draft.converter(request, _CONVERSION_SECONDS).path
    data, model = load_model(path)
    if may_be_lost(evidence):
        draft.files.converted = data, model
    entrant = Entrant("float .tflite", path, model, contract_of(model), {})
    return fitted(entrant, replace(evidence, spec=_with_own_inputs(evidence.spec)))


def _with_own_inputs(spec: Spec) -> Spec:
    """The spec for a reference whose inputs have got the names of the candidate's."""
    inputs = {
        name: section.model_copy(update={"reference_name": None})
        for name, section in spec.inputs.items()
    }
    return spec.model_copy(update={"inputs": inputs})


def _twin(draft: Draft, evidence: Evidence, setup: Setup, folder: Path) -> Link | SkippedStage:
    twin = draft.files.twin(evidence)
    if isinstance(twin, str):
        return SkippedStage("weights", "twin", twin)
    try:
        entrant = twin_entrant(twin, setup.spec, setup.candidate.contract, folder)
    except ValueError as error:
        return SkippedStage("weights", "twin", str(error))
    if not is_feedable(entrant, setup.spec):
        return SkippedStage("weights", "twin", "the twin does not take the inputs of the spec")
    return Link("weights", "twin", entrant)
