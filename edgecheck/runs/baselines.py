"""What the candidate is held against: the reference of the spec, or its own dequantized twin."""

from dataclasses import replace
from pathlib import Path
from time import perf_counter

from edgecheck.checks.evidence import Evidence
from edgecheck.checks.lost_steps import changes_values, may_be_lost
from edgecheck.compare.entrant import Entrant, is_feedable
from edgecheck.compare.lost_steps import ModelFile, lost_steps
from edgecheck.compare.made_models import twin_entrant
from edgecheck.compare.trained_ranges import FakeQuantization, trained_ranges
from edgecheck.compare.weight_match import WeightComparison, match_weights
from edgecheck.conversion.source import reference_signature
from edgecheck.errors import EdgecheckError
from edgecheck.runs.draft import Draft
from edgecheck.runs.references import reference_entrant
from edgecheck.runtime.trained.formats import format_of
from edgecheck.spec.load import LoadedSpec
from edgecheck.tflite.contract import contract_of, quantization_scheme
from edgecheck.tflite.fake_quantization import fake_quantizers
from edgecheck.tflite.graph import Model
from edgecheck.tflite.leading import Leading
from edgecheck.tflite.weights import Weight, weights_of

TWIN, NONE = "twin", "none"


def is_trained_model(path: Path) -> bool:
    """Whether this is what a converter reads, by its name alone or as a SavedModel folder.

    Raises:
        UsageError: a format that is never read (PyTorch, pickles, bare graphs).
    """
    return format_of(path) is not None


def baseline(draft: Draft, evidence: Evidence, folder: Path) -> Entrant | None:
    """The float model to compare with; None where there is none.

    It is the one asked for, else that of the spec, else the twin.

    Args:
        draft: told what was chosen, or why there is no twin.
        evidence: what is known about the candidate.
        folder: where the file of a twin goes.

    Raises:
        UsageError: the reference is of a format that is never read.
        UnusableError: the reference cannot be read, or does not take the spec's inputs.
    """
    if draft.spec is None or _wanted(draft) == NONE:
        return None
    path = _reference_file(draft, draft.spec)
    if path is None:
        return _twin_entrant(draft, evidence, folder)
    return reference_entrant(draft, evidence, path)


def compare_weights(draft: Draft, evidence: Evidence) -> WeightComparison | None:
    """The layers of the candidate beside those of its reference, without running either.

    None without a reference file, or where it cannot be read: the run itself says why.
    """
    if draft.spec is None or _wanted(draft) == NONE:
        return None
    path = _reference_file(draft, draft.spec)
    if path is None:
        return None
    try:
        if is_trained_model(path):
            theirs = list(draft.reference_weights)
        else:
            theirs = _weights(*draft.files.read(path), reference_signature(draft.spec.spec))
    except (EdgecheckError, OSError):
        return None
    if not theirs:
        return None
    ours = weights_of(evidence.data, evidence.model, evidence.contract.subgraph)
    return match_weights(ours, theirs, path.name)


def fake_quantization_of(draft: Draft, evidence: Evidence) -> FakeQuantization | None:
    """What training with quantization left in the reference; None where there is none of it."""
    if draft.spec is None or evidence.stages is None:
        return None
    path = _reference_file(draft, draft.spec)
    if path is None:
        return None
    if is_trained_model(path):
        count = draft.reference_fake_quantizers
        return FakeQuantization(path.name, count) if count else None
    try:
        fakes = fake_quantizers(*draft.files.read(path))
    except (EdgecheckError, OSError):
        return None
    graph = evidence.model.subgraphs[evidence.contract.subgraph]
    ranges = trained_ranges(fakes, graph)
    return FakeQuantization(path.name, len(fakes), ranges) if fakes else None


def lost_steps_of(draft: Draft, evidence: Evidence) -> Leading | None:
    """What the reference does with its input and the candidate does not, where something is wrong."""
    path = None if draft.spec is None else _reference_file(draft, draft.spec)
    if draft.spec is None or path is None or not may_be_lost(evidence):
        return None
    trained, signature = is_trained_model(path), reference_signature(draft.spec.spec)
    try:
        found = draft.files.converted if trained else draft.files.read(path)
    except (EdgecheckError, OSError):
        return None
    if found is None:
        return None
    data, model = found
    contract = contract_of(model, signature if model.signatures and not trained else None)
    own = ModelFile(evidence.data, evidence.model, evidence.contract)
    lost = lost_steps(own, ModelFile(data, model, contract))
    return lost if lost is not None and changes_values(evidence, lost) else None


def reference_weights(draft: Draft) -> tuple[Weight, ...]:
    """The layers of a .tflite reference as they are stored; empty for any other reference."""
    path = None if draft.spec is None else _reference_file(draft, draft.spec)
    if draft.spec is None or path is None or is_trained_model(path):
        return ()
    try:
        return tuple(_weights(*draft.files.read(path), reference_signature(draft.spec.spec)))
    except (EdgecheckError, OSError):
        return ()


def _weights(data: bytes, model: Model, signature: str | None) -> list[Weight]:
    graph = contract_of(model, signature if model.signatures else None).subgraph
    return weights_of(data, model, graph)


def _wanted(draft: Draft) -> str | None:
    """What the command line names as reference, else the spec: a path, `TWIN`, `NONE`, or nothing."""
    named = None if draft.spec is None else draft.spec.spec.model.reference
    return draft.options.reference or named


def _reference_file(draft: Draft, loaded: LoadedSpec) -> Path | None:
    """The reference that the command line names, else that of the spec; None for the twin."""
    asked, wanted = draft.options.reference, _wanted(draft)
    if wanted is None or wanted in {TWIN, NONE}:
        return None
    return Path(asked) if asked else loaded.resolve(wanted)


def _twin_entrant(draft: Draft, evidence: Evidence, folder: Path) -> Entrant | None:
    start = perf_counter()
    twin = draft.files.twin(evidence)
    if isinstance(twin, str):
        if _wanted(draft) == TWIN or quantization_scheme(evidence.model) != "none":
            draft.conclude("twin", "skipped", twin)
        return None
    try:
        entrant = twin_entrant(twin, evidence.spec, evidence.contract, folder)
    except ValueError:
        entrant = None
    if entrant is None or not is_feedable(entrant, evidence.spec):
        draft.conclude("twin", "skipped", "the twin does not take the inputs of the spec")
        return None
    draft.environment["reference"] = {"twin": True}
    draft.conclude("twin", "passed", "the candidate is held against its dequantized twin", start)
    return replace(entrant, who="reference")
