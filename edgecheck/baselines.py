"""What the candidate is held against: the reference of the spec, or its own dequantized twin."""

from pathlib import Path
from time import perf_counter

from edgecheck.checks.evidence import Evidence
from edgecheck.compare.binding import bind_inputs
from edgecheck.compare.experiment import Entrant, is_feedable
from edgecheck.draft import Draft
from edgecheck.errors import InputMissing, ModelFileInvalid, UnusableError, UsageError
from edgecheck.spec.load import LoadedSpec
from edgecheck.tflite.contract import contract_of, quantization_scheme
from edgecheck.tflite.dequantize.twin import Twin, TwinImpossible, twin_of
from edgecheck.tflite.reader import load_model

TWIN = "twin"
_NOT_TFLITE = {".keras", ".h5", ".hdf5", ".onnx", ".pb", ".pt", ".pth"}


def is_trained_model(path: Path) -> bool:
    """Whether this is what a converter reads, by its name alone or as a SavedModel folder."""
    try:
        return path.suffix.lower() in _NOT_TFLITE or (path / "saved_model.pb").exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def baseline(draft: Draft, evidence: Evidence, folder: Path) -> Entrant | None:
    """The float model to compare with; None where there is none.

    It is the one asked for, else that of the spec, else the twin.

    Args:
        draft: told what was chosen, or why there is no twin.
        evidence: what is known about the candidate.
        folder: where the file of a twin goes.

    Raises:
        UsageError: a trained model instead of a .tflite file.
        UnusableError: the reference cannot be read, or does not take the spec's inputs.
    """
    asked, loaded = draft.options.reference, draft.spec
    if loaded is None or asked == "none":
        return None
    named = loaded.spec.model.reference
    if asked == TWIN or (asked is None and named is None):
        return _twin_entrant(draft, evidence, folder)
    return _reference(draft, loaded, Path(asked) if asked else loaded.resolve(named or ""))


def twin_or_reason(evidence: Evidence) -> Twin | str:
    """The twin of the candidate, or why there is none."""
    try:
        twin = twin_of(evidence.data, evidence.model)
    except TwinImpossible as error:
        return f"the model has no float twin: {error}"
    if twin.data is evidence.data:
        return "the model is not quantized, so it is its own twin"
    return twin


def _twin_entrant(draft: Draft, evidence: Evidence, folder: Path) -> Entrant | None:
    start = perf_counter()
    twin = twin_or_reason(evidence)
    if isinstance(twin, str):
        if draft.options.reference == TWIN or quantization_scheme(evidence.model) != "none":
            draft.conclude("twin", "skipped", twin)
        return None
    contract = contract_of(twin.model, evidence.contract.signature)
    bound = bind_inputs(list(evidence.spec.inputs), contract)
    path = folder / "twin.tflite"
    entrant = None if bound is None else Entrant("reference", path, twin.model, contract, bound)
    if entrant is None or not is_feedable(entrant, evidence.spec):
        draft.conclude("twin", "skipped", "the twin does not take the inputs of the spec")
        return None
    path.write_bytes(twin.data)
    draft.environment["reference"] = {"twin": True}
    draft.conclude("twin", "passed", "the candidate is held against its dequantized twin", start)
    return entrant


def _reference(draft: Draft, loaded: LoadedSpec, path: Path) -> Entrant:
    spec = loaded.spec
    if is_trained_model(path):
        raise UsageError(
            f"the reference {path.name} is not a .tflite file",
            hint="give a float .tflite: convert the trained model without optimizations",
        )
    try:
        _, model = load_model(path)
    except ModelFileInvalid as error:
        said = f"the reference {path.name} is {error.message}"
        raise UnusableError(said, hint=error.hint) from None
    except InputMissing as error:
        raise InputMissing(f"the reference {error.message}", hint=error.hint) from None
    if model.sha256 == draft.environment["model"]["sha256"]:
        same = "reference and candidate are the same file, so parity shows nothing"
        draft.conclude("reference-differs", "skipped", same)
    draft.environment["reference"] = {"path": str(path), "sha256": model.sha256}
    contract = contract_of(model, spec.signature if model.signatures else None)
    bound = bind_inputs(list(spec.inputs), contract)
    entrant = None if bound is None else Entrant("reference", path, model, contract, bound)
    if entrant is None or not is_feedable(entrant, spec):
        ports = ", ".join(f"{port.name} {list(port.tensor.shape)}" for port in contract.inputs)
        raise UnusableError(
            f"the reference {path.name} does not take the inputs of the spec: it has {ports}",
            hint="give the float model that the candidate was converted from",
        )
    return entrant
