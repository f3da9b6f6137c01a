"""The main job: spec and model in, report out.

Plan, run, judge. Whatever stops it on the way, the report says so and holds what was found until
then: errors become `report.error`, misbehaviour of the model becomes findings.
"""

import contextlib
import platform
import traceback
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter
from typing import Any

from edgecheck import __version__
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.checks.table import CHECKS, Check
from edgecheck.compare.binding import bind_inputs
from edgecheck.compare.experiment import Entrant, Observation, Setup, is_feedable, observe
from edgecheck.compare.stream import Progress, SideFault
from edgecheck.draft import Draft, Options, finished
from edgecheck.errors import (
    CrashFault,
    EdgecheckError,
    InputMissing,
    ModelFileInvalid,
    TimeoutFault,
    UnusableError,
    UsageError,
)
from edgecheck.findings import Finding, Report, Subject
from edgecheck.rules.base import Rule
from edgecheck.rules.catalogue import rule_named
from edgecheck.rules.file import model_file_invalid
from edgecheck.rules.runtime.load_failed import LoadFailed
from edgecheck.rules.runtime.runtime_crash import RuntimeCrash
from edgecheck.rules.runtime.runtime_timeout import RuntimeTimeout
from edgecheck.runtime.discovery import candidates
from edgecheck.samples.class_names import read_class_names
from edgecheck.samples.open import open_dataset
from edgecheck.spec.load import LoadedSpec, load_spec
from edgecheck.spec.model import Spec
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.graph import Contract, Model
from edgecheck.tflite.reader import load_model
from edgecheck.verdict import reaches

__all__ = ["Options", "broken_report", "validate"]

_NOT_TFLITE = {".keras", ".h5", ".hdf5", ".onnx", ".pb", ".pt", ".pth"}


def _silent(_done: int, _total: int) -> None:
    """Take no notice of progress."""


def validate(
    spec: Path | str,
    model: Path | str,
    options: Options | None = None,
    progress: Progress = _silent,
) -> Report:
    """Validate a .tflite file against the spec that training wrote.

    A bad spec, model, dataset or environment raises nothing: the report's `error`, `verdict` and
    `exit_code` say what happened.

    Args:
        spec: path of the YAML file.
        model: path of the candidate.
        options: defaults to `Options()`.
        progress: told (samples done, samples in all).
    """
    draft = Draft(options or Options(), _environment())
    try:
        _fill(draft, Path(spec), Path(model), progress)
    except EdgecheckError as error:
        draft.stop(error)
    except OSError as error:  # a disk that fills up, a folder that goes away
        draft.stop(UnusableError(str(error), hint="make the file or folder usable and try again"))
    if draft.spec is not None:
        _skip_rest(draft)
    return finished(draft)


def inputs_of(spec: Path, model: Path, reference: str | None) -> tuple[Path, ...]:
    """The files that a run would read by name, as far as the spec can be read."""
    paths = [spec, model] + ([] if reference is None else [Path(reference)])
    with contextlib.suppress(EdgecheckError, OSError, ValueError):
        loaded = load_spec(spec)
        labels, dataset = loaded.spec.model.labels, loaded.spec.dataset
        named = [loaded.spec.model.reference, labels if isinstance(labels, str) else None]
        named += [] if dataset is None else [dataset.path, dataset.labels]
        paths += [loaded.resolve(name) for name in named if name is not None]
    return tuple(paths)


def broken_report(options: Options, error: Exception) -> Report:
    """The report of a run that an error of ours, or a bug in edgecheck, ended."""
    draft = Draft(options, _environment())
    if not isinstance(error, EdgecheckError):
        hint = "this is a bug in edgecheck; please report it together with this message"
        error = EdgecheckError(f"{type(error).__name__}: {error}", hint=hint)
    draft.stop(error)
    return finished(draft)


def _skip_rest(draft: Draft) -> None:
    """Give every planned check that nobody came to an outcome: it was skipped."""
    planned = ["model-file"] if draft.options.static else ["model-file", "model-runs"]
    planned += [check.name for check in _planned(draft.options)]
    concluded = {outcome.name for outcome in draft.checks}
    for name in planned:
        if name not in concluded:
            draft.conclude(name, "skipped", draft.why_not_run)


def _planned(options: Options) -> list[Check]:
    return [check for check in CHECKS if check.is_static or not options.static]


def _fill(draft: Draft, spec_path: Path, model_path: Path, progress: Progress) -> None:
    draft.spec = load_spec(spec_path)
    draft.environment["spec"] = {"path": str(spec_path), "sha256": draft.spec.sha256}
    spec = draft.spec.spec
    data, model = _read_model(draft, model_path)
    contract = contract_of(model, spec.signature)
    _require_known_names(draft.spec, contract)
    names = list(spec.inputs)
    evidence = Evidence(
        spec=spec,
        label_names=read_class_names(spec.model.labels, draft.spec.source.parent),
        model=model,
        contract=contract,
        bound=bind_inputs(names, contract),
        data=data,
    )
    try:
        if not draft.options.static:
            _run(draft, evidence, model_path, progress)
    except EdgecheckError as error:
        draft.stop(error)
    if draft.observation is not None:
        _conclude_target(draft, spec, draft.observation)
        evidence = replace(
            evidence,
            comparison=draft.observation.comparison,
            sensitivities=draft.observation.sensitivities,
            reference_sensitivities=draft.observation.reference_sensitivities,
        )
    for check in _planned(draft.options):
        _check(draft, check, evidence)


def _require_known_names(loaded: LoadedSpec, contract: Contract) -> None:
    """Rules and outputs that the spec names exist: a misspelt one would silently do nothing."""
    for index, entry in enumerate(loaded.spec.ignore):
        try:
            rule_named(entry.rule)
        except UsageError as error:
            where = loaded.position(("ignore", index, "rule"))
            raise UsageError(f"{where}: {error.message}", hint=error.hint) from None
    known = [port.name for port in contract.outputs]
    for name in loaded.spec.outputs:
        if name not in known:
            where = loaded.position(("outputs", name))
            raise UsageError(
                f"{where}: the model has no output {name!r}",
                hint=f"its outputs are {', '.join(map(repr, known[:20]))}",
            )


def _read_model(draft: Draft, path: Path) -> tuple[bytes, Model]:
    if _is_trained_model(path):
        raise UsageError(
            f"{path.name} is a trained model, not a .tflite file",
            hint="convert it first (tf.lite.TFLiteConverter), then validate the result; "
            "as `model.reference` only a float .tflite is read so far",
        )
    draft.environment["model"] = {"path": str(path)}
    start = perf_counter()
    try:
        data, model = load_model(path)
    except ModelFileInvalid as error:
        rule = model_file_invalid.ModelFileInvalid(found=error.found, hint=error.hint)
        draft.findings.append(Finding.of(rule, Subject("model", path.name)))
        draft.conclude("model-file", "failed", error.message, start)
        raise
    draft.environment["model"] |= {"sha256": model.sha256, "size_bytes": model.size_bytes}
    draft.conclude("model-file", "passed", "", start)
    return data, model


def _is_trained_model(path: Path) -> bool:
    """Whether this is what a converter reads, by its name alone or as a SavedModel folder."""
    try:
        return path.suffix.lower() in _NOT_TFLITE or (path / "saved_model.pb").exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _run(draft: Draft, evidence: Evidence, model_path: Path, progress: Progress) -> None:
    """Run the dataset through the models; leaves the observation or the reason why not."""
    setup = _setup(draft, evidence, model_path)
    if setup is None:
        draft.conclude("model-runs", "skipped", draft.why_not_run)
        return
    start = perf_counter()
    try:
        draft.observation = observe(setup, progress)
    except SideFault as fault:
        _add_fault(draft, fault, start)
        if fault.who == "reference":
            _run_alone(draft, setup, progress)
        return
    draft.conclude("model-runs", "passed", "", start)


def _run_alone(draft: Draft, setup: Setup, progress: Progress) -> None:
    """The candidate without its reference, which misbehaved."""
    start = perf_counter()
    try:
        draft.observation = observe(replace(setup, reference=None), progress)
    except SideFault as fault:
        _add_fault(draft, fault, start)
        return
    draft.conclude("model-runs", "passed", "", start)


def _setup(draft: Draft, evidence: Evidence, model_path: Path) -> Setup | None:
    """What to run; None with `why_not_run` where nothing can be."""
    spec, options = evidence.spec, draft.options
    if spec.dataset is None:
        draft.why_not_run = "the spec has no `dataset`"
        return None
    if draft.spec is None or evidence.bound is None:
        draft.why_not_run = "the inputs of spec and model do not match"
        return None
    candidate = Entrant("candidate", model_path, evidence.model, evidence.contract, evidence.bound)
    if not is_feedable(candidate, spec):
        draft.why_not_run = _why_not_feedable(candidate, spec)
        return None
    section = spec.dataset
    if spec.model.task != "classification" and section.labels is not None:
        draft.conclude("labels", "skipped", f"labels of a {spec.model.task} are not compared yet")
        section = section.model_copy(update={"labels": None})
    if options.limit is not None:
        section = section.model_copy(update={"limit": options.limit})
    target = None if spec.target is None else spec.target.runtime
    return Setup(
        spec=spec,
        reference=_reference(draft, draft.spec),
        dataset=open_dataset(
            section, draft.spec.source.parent, list(spec.inputs), evidence.label_names
        ),
        candidate=candidate,
        backends=candidates(options.runtime, target),
        threads=options.threads,
        timeout=options.timeout,
    )


def _why_not_feedable(candidate: Entrant, spec: Spec) -> str:
    shapes = {name: port.tensor.shape for name, port in candidate.bound.items()}
    unclear = [name for name in shapes if spec.inputs[name].shape is None]
    if unclear and shapes[unclear[0]][:1] not in {(), (1,)}:
        name, shape = unclear[0], list(shapes[unclear[0]])
        return f"state `inputs.{name}.shape`: the model takes {shape}, whose first axis is no batch"
    return "the model cannot be fed what the spec describes"


def _reference(draft: Draft, loaded: LoadedSpec) -> Entrant | None:
    spec, asked = loaded.spec, draft.options.reference
    if asked == "none" or (asked is None and spec.model.reference is None):
        return None
    path = Path(asked) if asked is not None else loaded.resolve(spec.model.reference or "")
    if _is_trained_model(path):
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


def _conclude_target(draft: Draft, spec: Spec, seen: Observation) -> None:
    """Whether the run was made with what the spec says the device has."""
    if spec.target is None:
        return
    if spec.target.runtime is not None:
        name, _, version = spec.target.runtime.partition("==")
        used = (seen.runtime.backend.name, seen.runtime.version)
        is_same = used == (name, version or used[1])
        reason = "" if is_same else f"ran with {' '.join(used)}, the target has {name} {version}"
        draft.conclude("target-runtime", "passed" if is_same else "skipped", reason)
    if spec.target.device is not None:
        draft.conclude("target-device", "skipped", "there are no device profiles yet")


def _add_fault(draft: Draft, side: SideFault, start: float) -> None:
    """A finding about the model; on the reference it only leaves the run inconclusive."""
    rule = _fault_rule(side)
    if side.who == "reference":
        draft.findings.append(
            Finding.of(rule, Subject("reference", "reference"), severity="warning")
        )
        draft.conclude("reference-runs", "crashed", rule.message(), start)
        return
    draft.findings.append(Finding.of(rule, Subject("model", "candidate")))
    draft.why_not_run = "the model did not run"
    draft.conclude("model-runs", "failed", rule.message(), start)


def _fault_rule(side: SideFault) -> Rule:
    fault = side.fault
    about: Mapping[str, str] = {"runtime": fault.runtime, "version": fault.version}
    if isinstance(fault, CrashFault):
        return RuntimeCrash(
            **about, phase=fault.phase, cause=fault.cause, sample=side.sample, words=fault.words
        )
    if isinstance(fault, TimeoutFault):
        return RuntimeTimeout(**about, phase=fault.phase, seconds=fault.seconds, sample=side.sample)
    return LoadFailed(**about, phase=fault.phase, sample=side.sample, words=fault.words)


def _check(draft: Draft, check: Check, evidence: Evidence) -> None:
    start = perf_counter()
    if not check.is_static and evidence.comparison is None:
        draft.conclude(check.name, "skipped", draft.why_not_run)
        return
    try:
        found = list(check.run(evidence))
    except NotApplicable as missing:
        draft.conclude(check.name, "skipped", str(missing), start)
        return
    except Exception as error:  # noqa: BLE001  (one broken check must not hide the others)
        where = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
        draft.conclude(check.name, "crashed", said, start)
        return
    draft.findings += found
    counted = [finding for finding in found if finding.rule not in draft.ignored_rules]
    failed = any(reaches(finding, draft.options.fail_on) for finding in counted)
    reason = "; ".join(sorted({f"{finding.severity}: {finding.rule}" for finding in found}))
    draft.conclude(check.name, "failed" if failed else "passed", reason, start)


def _environment() -> dict[str, Any]:
    """What ran, where and when."""
    return {
        "edgecheck": __version__,
        "python": platform.python_version(),
        "host": platform.platform(),
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
