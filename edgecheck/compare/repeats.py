"""The same samples again, in every way that must not change the answers.

After a pass, the process of the candidate loads it anew for each way: a second time without a
reset, after resets, freshly loaded, with the inputs left as they were, with outputs that held a
marker, with other numbers of threads, in other kernels, as one batch. Nothing is judged here.

`kernels.py` holds default and builtin kernels against each other too, in the sessions of a walk,
beside kept tensors, which no way here has; the check believes that, if there was a walk and no
delegate was named.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from edgecheck import thresholds
from edgecheck.compare.budget import affordable
from edgecheck.compare.culprit import Culprit, find_culprit
from edgecheck.compare.differences import Difference, differences, is_same
from edgecheck.compare.rerunner import Rerunner, Unseen
from edgecheck.runtime.backends import MICRO
from edgecheck.runtime.job import Job
from edgecheck.tensors import Array
from edgecheck.tflite.graph import Model, Port

BUDGET_MS: Final = 1000.0
"""What all ways together may take; the first ones are run all the same."""
_MOST: Final = 16
_RUNS: Final = 14
"""Of each sample, in all ways without the reference kernels."""
_PASSES: Final = 8
"""Over the samples, of a model that holds variables."""
_THREADS: Final = (1, 2, 4)

Kind: TypeAlias = Literal[
    "again", "loaded", "reset", "inputs-kept", "poisoned", "threads", "builtin", "reference",
    "batch",
]  # fmt: skip
Reset: TypeAlias = Literal["restores", "ignored", "other"]
"""What `reset_all_variables` does: brings back the answers of a model that was just loaded, nothing,
or something else."""
Answers: TypeAlias = Mapping[str, Array]


@dataclass(frozen=True)
class Way:
    """The samples in one other way, beside how they were before."""

    kind: Kind
    threads: int = 1
    outputs: tuple[Difference, ...] = ()
    culprit: Culprit | None = None
    """The first operator that differs, where it can be told."""
    why_not: str = ""
    """Why it was not run; empty where it was."""

    @property
    def is_same(self) -> bool:
        """It was run, and changed nothing."""
        return not self.why_not and is_same(self.outputs)


@dataclass(frozen=True)
class Repeats:
    """What became of the first samples of the dataset."""

    samples: int
    ways: tuple[Way, ...]
    reset: Reset | None = None
    """None where that was not seen."""
    delegate: str = ""
    """The one that was asked for, in all ways but those of other kernels; empty for none."""

    def of(self, kind: Kind) -> tuple[Way, ...]:
        """The ways of one kind."""
        return tuple(way for way in self.ways if way.kind == kind)


@dataclass(frozen=True)
class Repeated:
    """What is run again."""

    job: Job
    """As in the pass, backend chosen."""
    model: Model
    outputs: tuple[Port, ...]
    """Those that the job gives."""
    has_state: bool = False
    """The file holds variables."""

    @property
    def sequence(self) -> Job:
        """The job, but that every run goes on from what the one before left."""
        return replace(self.job, resets_state=False, reloads=False)


def affordable_repeats(latency_ms: float) -> int:
    """Samples that there is time to run again."""
    return affordable(latency_ms, _RUNS, 1, _MOST, budget_ms=BUDGET_MS)


def repeat(rerunner: Rerunner, repeated: Repeated) -> Repeats:
    """Run the samples in all ways that there is time for; what could not be run says why."""
    rerun = _Rerun(rerunner, repeated)
    try:
        # Codes of an output may stay as they are until a state has grown.
        times = rerunner.affordable(_PASSES) if repeated.has_state else 2
        pages = rerunner.run(repeated.sequence, times)
    except Unseen as reason:
        return Repeats(rerunner.rows, (Way("again", why_not=str(reason)),))
    seen = [rerun.held("again", repeated.sequence, pages[0], page) for page in pages]
    last = next((number for number, way in enumerate(seen) if not way.is_same), 1)
    rerun.ways.append(seen[last])
    rerun.try_all(pages[: last + 1])
    asked = repeated.job.delegate
    delegate = "" if asked is None else asked.library
    return Repeats(rerunner.rows, tuple(rerun.ways), rerun.reset, delegate)


class _Rerun:
    """The ways, one after the other."""

    def __init__(self, rerunner: Rerunner, repeated: Repeated) -> None:
        self._rerunner, self._repeated = rerunner, repeated
        self.ways: list[Way] = []
        self.reset: Reset | None = None

    def try_all(self, pages: Sequence[Answers]) -> None:
        """Everything after the first pages: twice the same samples, or until they changed."""
        sequence, before = self._repeated.sequence, pages[0]
        is_stateless = self.ways[0].is_same
        self._add("loaded", sequence, lambda: before)
        self._try("reset", sequence, lambda: self._see_reset(pages))
        refusals = self._refusals(is_stateless=is_stateless)
        self._add("inputs-kept", replace(sequence, invocations=2), lambda: before, refusals)
        self._try("poisoned", sequence, lambda: self._see_poison(before), refusals)
        self._see_threads(before)
        self._see_kernels(before)
        why = "" if is_stateless else "each answer depends on the samples before"
        self._try("batch", sequence, lambda: self._see_batch(before), why)

    def held(self, kind: Kind, job: Job, before: Answers, after: Answers) -> Way:
        """One way that was run, with the operator that is to blame if it matters."""
        found = differences(self._repeated.outputs, before, after)
        by_rounding = kind in ("builtin", "reference")
        matters = any(map(is_far, found)) if by_rounding else not is_same(found)
        way = Way(kind, job.threads, found)
        if not matters or kind == "again":
            return way
        plain = self._repeated.job if by_rounding else self._repeated.sequence
        model = self._repeated.model
        culprit = find_culprit(self._rerunner, model, (plain, job), by_rounding=by_rounding)
        return replace(way, culprit=culprit)

    def _try(self, kind: Kind, job: Job, see: Callable[[], Way], why_not: str = "") -> None:
        """Add a way, or why there is none."""
        if not why_not:
            try:
                self._rerunner.require_time(job)
                self.ways.append(see())
            except Unseen as reason:
                why_not = str(reason)
        if why_not:
            self.ways.append(Way(kind, job.threads, why_not=why_not))

    def _add(self, kind: Kind, job: Job, before: Callable[[], Answers], why_not: str = "") -> None:
        """Run a job, and hold it against what was before."""
        self._try(
            kind,
            job,
            lambda: self.held(kind, job, before(), self._rerunner.run(job)[0]),
            why_not,
        )

    def _see_reset(self, pages: Sequence[Answers]) -> Way:
        """Resets before every sample, beside a fresh load before every sample."""
        sequence, ports = self._repeated.sequence, self._repeated.outputs
        fresh = pages[0]
        if not self.ways[0].is_same:
            fresh = self._rerunner.run(replace(sequence, reloads=True))[0]
        found = self._rerunner.run(replace(sequence, resets_state=True), len(pages))
        if all(is_same(differences(ports, fresh, page)) for page in found):
            self.reset = "restores"
        else:
            pairs = zip(pages, found, strict=True)
            is_ignored = all(is_same(differences(ports, old, new)) for old, new in pairs)
            self.reset = "ignored" if is_ignored else "other"
        return Way("reset", sequence.threads, differences(ports, fresh, found[-1]))

    def _refusals(self, *, is_stateless: bool) -> str:
        """Why nothing can be told about memory; empty where it can."""
        job = self._repeated.job
        if job.signature is not None:
            return "the model is run through a signature"
        if job.backend in MICRO:
            return "the runtime plans its memory over that of the inputs"
        return "" if is_stateless else "each answer depends on the samples before"

    def _see_poison(self, before: Answers) -> Way:
        poisoned = _poisonable(self._repeated)
        if not poisoned:
            raise Unseen("no operator writes an output of its own")
        job = replace(self._repeated.sequence, poisoned=poisoned)
        return self.held("poisoned", job, before, self._rerunner.run(job)[0])

    def _see_threads(self, before: Answers) -> None:
        job = self._repeated.sequence
        why = "the runtime has one thread" if job.backend in MICRO else ""
        for threads in _THREADS:
            if threads != job.threads:
                self._add("threads", replace(job, threads=threads), lambda: before, why)

    def _see_kernels(self, before: Answers) -> None:
        """The other kernels of the runtime, state treated as in the pass."""
        job = self._repeated.job
        known = {} if job != self._repeated.sequence else before

        def plain() -> Answers:
            return known or self._rerunner.run(job)[0]

        one = "the runtime has one set of kernels" if job.backend in MICRO else ""
        same = "the pass was in the builtin kernels" if job.kernels == "builtin" else ""
        self._add("builtin", replace(job, kernels="builtin"), plain, one or same)
        self._add("reference", replace(job, kernels="reference"), plain, one)

    def _see_batch(self, before: Answers) -> Way:
        """All samples in one run."""
        count, ports = self._rerunner.rows, self._repeated.outputs
        found = self._rerunner.run_batch(_batched(self._repeated.sequence, self._repeated, count))
        rows = {}
        for name, values in before.items():
            if values[0].size * count != found[name].size:
                raise Unseen(f"output {name!r} does not grow with the batch")
            rows[name] = found[name].reshape(values.shape)
        return Way("batch", self._repeated.job.threads, differences(ports, before, rows))


def is_far(difference: Difference) -> bool:
    """Farther apart than healthy kernels are."""
    return difference.sqnr_db is None or difference.sqnr_db < thresholds.KERNELS_DB


def _poisonable(repeated: Repeated) -> tuple[int, ...]:
    """Outputs that operators write and nothing reads back."""
    graph = repeated.model.subgraphs[0]
    written = {index for operator in graph.operators for index in operator.outputs}
    tensors: Sequence[int] = [slot.index for slot in repeated.job.outputs]
    kept = {tensor.index for tensor in graph.tensors if tensor.is_constant or tensor.is_variable}
    return tuple(sorted(set(tensors) & written - set(graph.inputs) - kept))


def _batched(job: Job, repeated: Repeated, count: int) -> Job:
    """The job with all samples in one run.

    Raises:
        Unseen: the file does not leave the batch open.
    """
    if count < 2:
        raise Unseen("one sample is no batch")
    if job.signature is not None:
        raise Unseen("the model is run through a signature")
    tensors = repeated.model.subgraphs[0].tensors
    for slot in job.inputs:
        if tensors[slot.index].shape_signature[:1] != (-1,) or slot.axes is not None:
            raise Unseen("the file holds a fixed batch")
    inputs = (replace(slot, shape=(count, *slot.shape[1:]), is_resized=True) for slot in job.inputs)
    return replace(job, inputs=tuple(inputs))
