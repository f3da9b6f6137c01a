"""The report in the making: what a run knows so far, and the report that it amounts to."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from time import perf_counter
from typing import Any, Literal, get_args

from edgecheck.chain import Stage
from edgecheck.checks.evidence import Evidence
from edgecheck.checks.layer_weights import kept_weights
from edgecheck.checks.parity import parity_facts
from edgecheck.checks.stages import guilty_step
from edgecheck.compare.experiment import Observation, Setup
from edgecheck.compare.layer_summary import report_layers
from edgecheck.compare.plots import plots
from edgecheck.compare.stage_summary import report_stages, told
from edgecheck.compare.statistics import OutputComparison
from edgecheck.compare.summary import (
    headline,
    is_compared,
    latency,
    output_metrics,
    worst_samples,
)
from edgecheck.compare.tflm import report_tflm
from edgecheck.compare.thumbnails import thumbnails
from edgecheck.conversion.process import Converted, convert_in_child
from edgecheck.conversion.request import ConversionRequest
from edgecheck.diagnosis.diagnose import Diagnosis, diagnose
from edgecheck.errors import EdgecheckError, UsageError
from edgecheck.findings import Cause, CheckOutcome, CheckStatus, ErrorInfo, Finding, Report, Subject
from edgecheck.measurements import (
    BatchNorm,
    Layer,
    Memory,
    OutputMetrics,
    TflmOutput,
    WhatIf,
    WorstSample,
)
from edgecheck.rules.gate.check_skipped import CheckSkipped
from edgecheck.rules.gate.unused_ignore import UnusedIgnore
from edgecheck.runs.model_files import ModelFiles
from edgecheck.runs.recollected import Recollected
from edgecheck.runtime.delegates import Delegate, parse_delegate, require_delegate
from edgecheck.runtime.trained.description import Description
from edgecheck.runtime.trained.weights import examine
from edgecheck.runtime.worker_process import KeptProcess
from edgecheck.samples.chunk import Dataset
from edgecheck.spec.load import LoadedSpec
from edgecheck.tflite.weights import Weight
from edgecheck.verdict import FailOn, Judgement, judge, summary_of

Layers = Literal["auto", "always", "never"]


@dataclass(frozen=True)
class Options:
    """How to validate; what is set here wins over the spec."""

    reference: str | None = None
    """A path, "twin", "none", or None for the spec's, else the twin."""
    runtime: str = "auto"
    delegate: str | None = None
    """What the candidate runs with, as `parse_delegate` takes it: `LIB[,key=value...]`."""
    target: str | None = None
    """A device: the name of a profile or its path. None for the spec's."""
    threads: int = 1
    limit: int | None = None
    fail_on: FailOn = "error"
    strict: bool = False
    static: bool = False
    layers: Layers = "auto"
    """Whether to walk through the layers: auto does where an output is beyond a limit of parity."""
    what_if: bool = False
    """Show what usual mistakes of applications would look like; always done where an error is found."""
    timeout: float = 60.0
    """Seconds that loading, or one run of one sample, may take."""
    allow_code: bool = False
    """Run code that a trained reference brings along (Lambda layers, custom objects)."""
    baseline: str | None = None
    """Path of the JSON report of the last release; what became worse since is a finding."""

    def __post_init__(self) -> None:
        """Refuse what no run can keep to (NaN is less than nothing, and never over)."""
        limit = 1 if self.limit is None else self.limit
        for name, value in {
            "threads": self.threads,
            "limit": limit,
            "timeout": self.timeout,
        }.items():
            if not value > 0:
                raise UsageError(f"{name} is {value:g}", hint=f"Give a {name} above 0.")
        if self.delegate is not None:
            require_delegate(self.delegate, self.runtime)
        if self.fail_on not in get_args(FailOn):
            raise UsageError(
                f"fail_on is {self.fail_on!r}", hint=f"Give one of {', '.join(get_args(FailOn))}."
            )
        if self.layers not in get_args(Layers):
            raise UsageError(
                f"layers is {self.layers!r}", hint=f"Give one of {', '.join(get_args(Layers))}."
            )

    @property
    def asked_delegate(self) -> Delegate | None:
        """The delegate that the candidate runs with, None for what the runtime does by itself."""
        return None if self.delegate is None else parse_delegate(self.delegate)

    def look_closer(self, *, has_reason: bool) -> bool:
        """Whether to look into the models, given whether what was seen is a reason to."""
        return self.layers == "always" or (self.layers == "auto" and has_reason)


@dataclass(frozen=True)
class RuntimeUsed:
    """The runtime that took the candidate, or refused it."""

    name: str
    version: str
    kernels: str = "default"
    passed_over: tuple[str, ...] = ()


@dataclass
class Draft:
    """What one run has found so far."""

    options: Options
    environment: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)
    checks: list[CheckOutcome] = field(default_factory=list)
    spec: LoadedSpec | None = None
    observation: Observation | None = None
    error: EdgecheckError | None = None
    why_not_run: str = ""
    runtime: RuntimeUsed | None = None
    narrow: Callable[[Dataset], Dataset] | None = None
    """Leaves out samples that this run must not see."""
    converter: Callable[[ConversionRequest, float], Converted] = convert_in_child
    """Gives the reference as a float .tflite, within seconds; as `convert_in_child`."""
    files: ModelFiles = field(default_factory=ModelFiles)
    examine: Callable[..., tuple[Description, tuple[Weight, ...]]] = examine
    """Tells about a trained reference; as `edgecheck.runtime.trained.weights.examine`."""
    kept: KeptProcess = field(default_factory=KeptProcess)
    """Lends the process in which all of the run asks a trained reference; whoever made the draft
    closes it."""
    reference_weights: tuple[Weight, ...] = ()
    """Of a trained reference; empty for other references."""
    reference_fake_quantizers: int = 0
    """Likewise: fake-quantization operators or layers in its graph."""
    batch_norm: tuple[BatchNorm, ...] = ()
    """Likewise, where it was looked at."""
    recollected: Recollected | None = None
    """Likewise, right answers with new statistics of it as the spec feeds it, where they were collected."""
    what_if: tuple[WhatIf, ...] = ()
    memory: Memory | None = None
    baseline: Report | None = None
    """Of the last release."""
    evidence: Evidence | None = None
    """What is known so far, which the checks judge by."""
    setup: Setup | None = None
    """What was run, without a twin as reference; None where nothing was."""

    @property
    def ignored_rules(self) -> frozenset[str]:
        """Names of the rules whose findings the spec accepts."""
        entries = () if self.spec is None else self.spec.spec.ignore
        return frozenset(entry.rule for entry in entries)

    def stop(self, error: EdgecheckError) -> None:
        """Record what ended the run; whatever has not run yet is skipped for its sake."""
        self.error = error
        self.why_not_run = error.message.partition("\n")[0]

    def conclude(
        self,
        name: str,
        status: CheckStatus,
        reason: str = "",
        start: float = 0.0,
        found: Sequence[Finding] = (),
    ) -> None:
        """Record the outcome of a check that began at `start`, a perf_counter."""
        seconds = round(perf_counter() - start, 6) if start else 0.0
        fingerprints = tuple(dict.fromkeys(finding.fingerprint for finding in found))
        self.checks.append(CheckOutcome(name, status, reason, seconds, fingerprints))


def fewer(most: int, wanted: int, latency_ms: float) -> str:
    """What to say where slow models get fewer samples than wanted; nothing where they do not."""
    if most >= wanted:
        return ""
    return f"on {most} of {wanted} samples, since one run takes {latency_ms:.3g} ms"


def finished(draft: Draft) -> Report:
    """The report: findings sorted into those that count and those ignored, judged and summed up."""
    kept, ignored = _sorted_out(draft)
    diagnosis = _diagnosis(draft, kept)
    kept, causes = list(diagnosis.findings), diagnosis.causes
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
    if draft.runtime is not None:
        draft.environment["runtime"] = asdict(draft.runtime)
    return Report(
        verdict=judgement.verdict,
        summary=_summary(draft, judgement, _judged(draft, judgement, kept, causes), ignored),
        root_cause=causes[0] if causes else None,
        causes=causes,
        findings=tuple(kept),
        checks=tuple(draft.checks),
        settings=_settings(draft),
        environment=draft.environment,
        exit_code=judgement.exit_code,
        metrics=None if seen is None else headline(seen.comparison, primary),
        outputs=() if seen is None else tuple(map(_output, seen.comparison.outputs)),
        worst_samples=_worst_samples(draft),
        **({} if seen is None else plots(seen.comparison, primary, _class_names(draft))),
        layers=_layers(draft),
        batch_norm=draft.batch_norm,
        what_if=draft.what_if,
        stages=_stages(draft, primary),
        latency_ms=None if seen is None else latency(seen.comparison),
        memory=draft.memory,
        tflm_outputs=_tflm_outputs(draft),
        error=None if draft.error is None else ErrorInfo.of(draft.error),
        undecided=diagnosis.undecided,
        ignored=tuple(ignored),
    )


def _output(output: OutputComparison) -> OutputMetrics:
    return replace(output_metrics(output), parity=parity_facts(output))


def _class_names(draft: Draft) -> tuple[str, ...]:
    return () if draft.evidence is None else draft.evidence.label_names


def _worst_samples(draft: Draft) -> tuple[WorstSample, ...]:
    """The samples on which the models differ most, with pictures where they are some."""
    if draft.observation is None:
        return ()
    worst, setup = draft.observation.comparison.worst, draft.setup
    return worst_samples(
        worst, {} if setup is None else thumbnails(setup.spec, setup.dataset, worst)
    )


def _diagnosis(draft: Draft, kept: Sequence[Finding]) -> Diagnosis:
    has_reference = draft.setup is not None and draft.setup.reference is not None
    return diagnose(kept, draft.checks, draft.evidence, has_reference=has_reference)


def _stages(draft: Draft, primary: str | None) -> tuple[Stage, ...]:
    evidence, seen = draft.evidence, draft.observation
    if evidence is None or evidence.stages is None or seen is None:
        return ()
    output = headline(seen.comparison, primary).output
    return report_stages(evidence.stages, guilty_step(evidence), output)


def _tflm_outputs(draft: Draft) -> tuple[TflmOutput, ...]:
    evidence = draft.evidence
    if evidence is None or evidence.tflm is None:
        return ()
    return report_tflm(evidence.tflm)


def _layers(draft: Draft) -> tuple[Layer, ...]:
    evidence = draft.evidence
    if evidence is None or evidence.walk is None:
        return ()
    return report_layers(evidence.walk, evidence.weights)


def _scope(draft: Draft, ignored: Sequence[Finding]) -> str:
    """What a pass is worth: on how many samples, and what was left out."""
    if draft.observation is None:
        return "in file and spec; no model was run"
    samples = draft.observation.comparison.samples
    left_out = f"; {len(ignored)} ignored by the spec" if ignored else ""
    return f"on {samples} sample{'s' * (samples != 1)}{left_out}"


def _judged(
    draft: Draft, judgement: Judgement, findings: Sequence[Finding], causes: Sequence[Cause]
) -> str:
    """The sentence for the verdict; without a cause it says at least where to look."""
    said = summary_of(judgement, findings, causes)
    if causes or judgement.verdict != "fail" or draft.evidence is None:
        return said
    guilty = guilty_step(draft.evidence)
    if guilty is None:
        return said
    return f"{said} {told(guilty, kept_weights(draft.evidence.weights))}"


def _summary(
    draft: Draft, judgement: Judgement, verdict_summary: str, ignored: Sequence[Finding]
) -> str:
    """The sentence for the verdict: what a pass covers, what stood in the way of another."""
    if draft.error is not None:
        return draft.error.message.partition("\n")[0]
    if judgement.verdict == "pass":
        return f"{verdict_summary[:-1]} {_scope(draft, ignored)}."
    if judgement.verdict == "inconclusive":
        crashed = [check.name for check in draft.checks if check.status == "crashed"]
        why = f"did not finish: {', '.join(crashed)}" if crashed else ""
        seen = draft.observation
        if not why and seen is not None and seen.comparison.samples < 2:
            why = "one sample shows nothing"
        why = why or draft.why_not_run or "there is no reference and no label to compare with"
        return f"{verdict_summary[:-1]}: {why}."
    return verdict_summary


def _sorted_out(draft: Draft) -> tuple[list[Finding], list[Finding]]:
    """(findings that count, findings that the spec ignores)."""
    found = draft.findings + (_skipped(draft) if draft.options.strict else [])
    kept = [finding for finding in found if finding.rule not in draft.ignored_rules]
    ignored = [finding for finding in found if finding.rule in draft.ignored_rules]
    return kept + _unused(draft, {finding.rule for finding in ignored}), ignored


def _skipped(draft: Draft) -> list[Finding]:
    """What strict mode makes of checks that did not run."""
    return [
        Finding.of(
            CheckSkipped(check=check.name, reason=check.reason), Subject("check", check.name)
        )
        for check in draft.checks
        if check.status == "skipped"
    ]


def _unused(draft: Draft, ignored: set[str]) -> list[Finding]:
    """Entries of the spec's `ignore` that no finding was ignored for; only a whole run can tell."""
    if draft.spec is None or draft.why_not_run or draft.options.static:
        return []
    return [
        Finding.of(
            UnusedIgnore(rule=entry.rule, reason=entry.reason),
            Subject("spec", entry.rule),
            location=draft.spec.position(("ignore", index)),
        )
        for index, entry in enumerate(draft.spec.spec.ignore)
        if entry.rule not in ignored
    ]


def _settings(draft: Draft) -> dict[str, Any]:
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
        if spec.ignore:
            settings["ignore"] = [entry.model_dump() for entry in spec.ignore]
    return settings
