"""The main job: spec and model in, report out.

Plan, run, judge. Whatever stops it on the way, the report says so and holds what was found until
then: errors become `report.error`, misbehaviour of the model becomes findings.
"""

import platform
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
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
from edgecheck.compare.summary import (
    headline,
    is_compared,
    latency,
    output_metrics,
    worst_samples,
)
from edgecheck.errors import (
    CrashFault,
    EdgecheckError,
    ModelFileInvalid,
    TimeoutFault,
    UnusableError,
    UsageError,
)
from edgecheck.findings import CheckOutcome, CheckStatus, ErrorInfo, Finding, Report, Subject
from edgecheck.rules.base import Rule
from edgecheck.rules.file import model_file_invalid
from edgecheck.rules.gate.check_skipped import CheckSkipped
from edgecheck.rules.gate.unused_ignore import UnusedIgnore
from edgecheck.rules.runtime.load_failed import LoadFailed
from edgecheck.rules.runtime.runtime_crash import RuntimeCrash
from edgecheck.rules.runtime.runtime_timeout import RuntimeTimeout
from edgecheck.runtime.discovery import candidates
from edgecheck.samples.class_names import read_class_names
from edgecheck.samples.open import open_dataset
from edgecheck.spec.load import LoadedSpec, load_spec
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.graph import Model
from edgecheck.tflite.reader import load_model
from edgecheck.verdict import FailOn, causes_of, judge, reaches, summary_of

_NOT_TFLITE = {".keras", ".h5", ".hdf5", ".onnx", ".pb", ".pt", ".pth"}


@dataclass(frozen=True)
class Options:
    """How to validate; what is set here wins over the spec."""

    reference: str | None = None
    """A path, "none", or None for the spec's."""
    runtime: str = "auto"
    threads: int = 1
    limit: int | None = None
    fail_on: FailOn = "error"
    strict: bool = False
    static: bool = False
    timeout: float = 60.0
    """Seconds that loading, or one run of one sample, may take."""


@dataclass
class _Draft:
    """The report in the making."""

    options: Options
    environment: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)
    checks: list[CheckOutcome] = field(default_factory=list)
    spec: LoadedSpec | None = None
    observation: Observation | None = None
    error: EdgecheckError | None = None
    why_not_run: str = ""

    def conclude(
        self, name: str, status: CheckStatus, reason: str = "", start: float = 0.0
    ) -> None:
        """Record the outcome of a check that began at `start`, a perf_counter."""
        seconds = round(perf_counter() - start, 6) if start else 0.0
        self.checks.append(CheckOutcome(name, status, reason, seconds))


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
    draft = _Draft(options or Options(), _environment())
    try:
        _fill(draft, Path(spec), Path(model), progress)
    except EdgecheckError as error:
        draft.error = error
    return _report(draft)


def broken_report(options: Options, error: BaseException) -> Report:
    """The report of a run that a bug in edgecheck, or an interruption, ended."""
    draft = _Draft(options, _environment())
    hint = "this is a bug in edgecheck; please report it together with this message"
    draft.error = EdgecheckError(f"{type(error).__name__}: {error}", hint=hint)
    return _report(draft)


def _fill(draft: _Draft, spec_path: Path, model_path: Path, progress: Progress) -> None:
    draft.spec = load_spec(spec_path)
    draft.environment["spec"] = {"path": str(spec_path), "sha256": draft.spec.sha256}
    spec = draft.spec.spec
    model = _read_model(draft, model_path)
    contract = contract_of(model, spec.signature)
    names = list(spec.inputs)
    evidence = Evidence(
        spec=spec,
        label_names=read_class_names(spec.model.labels, draft.spec.source.parent),
        model=model,
        contract=contract,
        bound=bind_inputs(names, contract),
    )
    try:
        if not draft.options.static:
            _run(draft, evidence, model_path, progress)
    except EdgecheckError as error:
        draft.error, draft.why_not_run = error, error.message.splitlines()[0]
    if draft.observation is not None:
        evidence = replace(
            evidence,
            comparison=draft.observation.comparison,
            sensitivities=draft.observation.sensitivities,
            reference_sensitivities=draft.observation.reference_sensitivities,
        )
    for check in CHECKS:
        if check.is_static or not draft.options.static:
            _check(draft, check, evidence)


def _read_model(draft: _Draft, path: Path) -> Model:
    if path.suffix.lower() in _NOT_TFLITE or (path / "saved_model.pb").exists():
        raise UsageError(
            f"{path.name} is a trained model, not a .tflite file",
            hint="convert it first (tf.lite.TFLiteConverter), then validate the result; "
            "as `model.reference` only a float .tflite is read so far",
        )
    start = perf_counter()
    try:
        _, model = load_model(path)
    except ModelFileInvalid as error:
        rule = model_file_invalid.ModelFileInvalid(found=error.found, hint=error.hint)
        draft.findings.append(Finding.of(rule, Subject("model", path.name)))
        draft.conclude("model-file", "failed", error.message, start)
        raise
    draft.environment["model"] = {
        "path": str(path),
        "sha256": model.sha256,
        "size_bytes": model.size_bytes,
    }
    draft.conclude("model-file", "passed", "", start)
    return model


def _run(draft: _Draft, evidence: Evidence, model_path: Path, progress: Progress) -> None:
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


def _run_alone(draft: _Draft, setup: Setup, progress: Progress) -> None:
    """The candidate without its reference, which misbehaved."""
    start = perf_counter()
    try:
        draft.observation = observe(replace(setup, reference=None), progress)
    except SideFault as fault:
        _add_fault(draft, fault, start)
        return
    draft.conclude("model-runs", "passed", "", start)


def _setup(draft: _Draft, evidence: Evidence, model_path: Path) -> Setup | None:
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
        draft.why_not_run = "the model cannot be fed what the spec describes"
        return None
    section = spec.dataset
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


def _reference(draft: _Draft, loaded: LoadedSpec) -> Entrant | None:
    spec, asked = loaded.spec, draft.options.reference
    if asked == "none" or (asked is None and spec.model.reference is None):
        return None
    path = Path(asked) if asked is not None else loaded.resolve(spec.model.reference or "")
    if path.suffix.lower() in _NOT_TFLITE or (path / "saved_model.pb").exists():
        raise UsageError(
            f"the reference {path.name} is not a .tflite file",
            hint="give a float .tflite: convert the trained model without optimizations",
        )
    _, model = load_model(path)
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


def _add_fault(draft: _Draft, side: SideFault, start: float) -> None:
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
    return LoadFailed(**about, words=fault.words)


def _check(draft: _Draft, check: Check, evidence: Evidence) -> None:
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
    failed = any(reaches(finding, draft.options.fail_on) for finding in found)
    reason = "; ".join(sorted({f"{finding.severity}: {finding.rule}" for finding in found}))
    draft.conclude(check.name, "failed" if failed else "passed", reason, start)


def _report(draft: _Draft) -> Report:
    kept, ignored = _apply_ignores(draft)
    if draft.options.strict:
        kept += [
            Finding.of(CheckSkipped(check=c.name, reason=c.reason), Subject("check", c.name))
            for c in draft.checks
            if c.status == "skipped"
        ]
    causes = causes_of(kept)
    seen = draft.observation
    judgement = judge(
        kept,
        draft.checks,
        draft.error,
        fail_on=draft.options.fail_on,
        is_conclusive=draft.options.static or (seen is not None and is_compared(seen.comparison)),
    )
    outputs = {} if draft.spec is None else draft.spec.spec.outputs
    primary = next((name for name, output in outputs.items() if output.primary), None)
    if seen is not None:
        draft.environment["runtime"] = {
            "name": seen.runtime.backend.name,
            "version": seen.runtime.version,
            "passed_over": list(seen.runtime.passed_over),
        }
    return Report(
        verdict=judgement.verdict,
        summary=_summary(draft, summary_of(judgement, kept, causes)),
        root_cause=causes[0] if causes else None,
        causes=causes,
        findings=tuple(kept),
        checks=tuple(draft.checks),
        settings=_settings(draft),
        environment=draft.environment,
        exit_code=judgement.exit_code,
        metrics=None if seen is None else headline(seen.comparison, primary),
        outputs=() if seen is None else tuple(map(output_metrics, seen.comparison.outputs)),
        worst_samples=() if seen is None else worst_samples(seen.comparison.worst),
        latency_ms=None if seen is None else latency(seen.comparison),
        error=_error_info(draft.error),
        ignored=tuple(ignored),
    )


def _summary(draft: _Draft, verdict_summary: str) -> str:
    """The sentence for the verdict; for an inconclusive one, what stood in the way."""
    if draft.error is not None:
        return draft.error.message.splitlines()[0]
    if verdict_summary.startswith("Nothing was proven"):
        crashed = [check.name for check in draft.checks if check.status == "crashed"]
        why = f"did not finish: {', '.join(crashed)}" if crashed else draft.why_not_run
        why = why or "there is no reference and no label to compare with"
        return f"{verdict_summary[:-1]}: {why}."
    return verdict_summary


def _apply_ignores(draft: _Draft) -> tuple[list[Finding], list[Finding]]:
    """(findings that count, findings that the spec ignores); an unused entry is a finding."""
    if draft.spec is None:
        return list(draft.findings), []
    entries = draft.spec.spec.ignore
    rules = {entry.rule for entry in entries}
    ignored = [finding for finding in draft.findings if finding.rule in rules]
    kept = [finding for finding in draft.findings if finding.rule not in rules]
    fired = {finding.rule for finding in ignored}
    for index, entry in enumerate(entries):
        if entry.rule not in fired:
            kept.append(
                Finding.of(
                    UnusedIgnore(rule=entry.rule, reason=entry.reason),
                    Subject("spec", entry.rule),
                    location=draft.spec.position(("ignore", index)),
                )
            )
    return kept, ignored


def _settings(draft: _Draft) -> dict[str, Any]:
    """Every effective option, and the parts of the spec that steer the judgement."""
    settings: dict[str, Any] = asdict(draft.options)
    if draft.spec is not None:
        spec = draft.spec.spec
        settings["reference"] = settings["reference"] or spec.model.reference
        if spec.dataset is not None:
            settings["limit"] = settings["limit"] or spec.dataset.limit
            settings["seed"] = spec.dataset.seed
        if spec.tolerances is not None:
            settings["tolerances"] = spec.tolerances.model_dump(exclude_none=True)
    return settings


def _error_info(error: EdgecheckError | None) -> ErrorInfo | None:
    if error is None:
        return None
    return ErrorInfo(error.kind, error.message, error.hint, error.exit_code)


def _environment() -> dict[str, Any]:
    return {
        "edgecheck": __version__,
        "python": platform.python_version(),
        "host": platform.platform(),
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
