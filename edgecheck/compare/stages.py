"""The chain from the reference to the candidate as it runs, each model beside the one before.

All models of the chain take the same stream of samples, each in a process of its own. Every two
neighbours are compared as candidate and reference of a whole validation are, so that the same
limits can be put to them. Only sums stay: memory does not grow with the dataset.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from math import prod
from shutil import rmtree

from edgecheck.chain import StageModel, StageName
from edgecheck.compare.binding import OutputPair, pair_outputs
from edgecheck.compare.experiment import Entrant, Setup, chunk_rows
from edgecheck.compare.statistics import Comparison
from edgecheck.compare.stream import Progress, Side, SideFault, blaming, overlapped
from edgecheck.compare.tracker import Tracker
from edgecheck.compare.walk_sessions import Opener, real_outputs
from edgecheck.compare.watching import WatchedOutput, watched
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.runtime.discovery import Opened
from edgecheck.runtime.exchange import shared_folder
from edgecheck.runtime.job import Kernels
from edgecheck.runtime.session import Results
from edgecheck.samples.chunk import Chunk
from edgecheck.tensors import Array


@dataclass(frozen=True)
class Link:
    """One stage, and the model that stands behind it."""

    stage: StageName
    model: StageModel
    entrant: Entrant
    kernels: Kernels = "builtin"


@dataclass(frozen=True)
class SkippedStage:
    """A stage that no model stands behind; the next stage counts what it costs too."""

    stage: StageName
    model: StageModel
    reason: str


@dataclass(frozen=True)
class Step:
    """A model of the chain beside the one before."""

    stage: StageName
    model: StageModel
    covers: tuple[StageName, ...]
    """The stages that lie between the two: `stage` last, and those skipped right before it."""
    before: Comparison
    """Against the model before."""
    total: Comparison
    """Against the reference."""


@dataclass(frozen=True)
class StageWalk:
    """What was seen, in the order of the chain."""

    entries: tuple[Step | SkippedStage, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """Those that were compared."""
        return tuple(entry for entry in self.entries if isinstance(entry, Step))


def walk_stages(
    setup: Setup, chain: Sequence[Link | SkippedStage], progress: Progress
) -> StageWalk:
    """Run the whole dataset through the reference and every model of a chain.

    A converted file or a twin that does not load is skipped, and so are default kernels that
    refuse the candidate.

    Args:
        setup: with the reference.
        chain: the stages behind the reference, in their order.
        progress: told (samples done, samples in all).

    Raises:
        SideFault: the reference or the candidate was refused; any model crashed or hung.
        RuntimeMissing: no backend works.
        DatasetUnreadable: a sample cannot be read or does not fit.
    """
    if setup.reference is None:
        raise ValueError("there is no chain without a reference")
    folder = shared_folder()
    with ExitStack() as stack:
        stack.callback(rmtree, folder, ignore_errors=True)
        opener = Opener(setup, folder, stack)
        first = _open(opener, setup.reference, "default", "reference")
        opened = [_opened(opener, entry) for entry in chain]
        follower = _Follower(setup, first, opened)
        feeds = opener.feeds(chunk_rows(setup))
        for side in follower.sides:
            with blaming(side.who):
                side.session.attach(feeds)
        pipelines = {name: Pipeline(name, part) for name, part in setup.spec.inputs.items()}
        done = 0
        for chunk, results in overlapped(
            setup.dataset, pipelines, feeds, follower.sides, follower.add_input
        ):
            follower.add_outputs(chunk, results)
            done += len(chunk.ids)
            progress(done, len(setup.dataset))
    return StageWalk(follower.entries())


@dataclass(frozen=True)
class _Running:
    """A model of the chain in a session."""

    side: Side
    kernels: Kernels
    names: Mapping[str, str]
    """Output of the candidate -> the output that answers it."""

    def renamed(self, results: Results) -> Results:
        """The outputs by the names of the candidate."""
        outputs = {ours: results.outputs[theirs] for ours, theirs in self.names.items()}
        return Results(outputs, results.latencies)

    def elements(self, name: str) -> int | None:
        """Of one output of the candidate; None where this model has none that answers it."""
        theirs = self.names.get(name)
        return None if theirs is None else prod(self.side.session.output_shapes[theirs])


def _open(opener: Opener, entrant: Entrant, kernels: Kernels, who: str) -> _Running:
    entrant = replace(entrant, who=who)
    opened: Opened = opener.open(entrant, real_outputs(entrant), kernels, preserves=False)
    ours = opener.setup.candidate.contract
    pairs = pair_outputs(ours, entrant.contract, entrant.layouts.names)
    names = {pair.candidate.name: pair.reference.name for pair in pairs if pair.reference}
    return _Running(Side(who, opened.session), opened.kernels, names)


def _opened(opener: Opener, entry: Link | SkippedStage) -> tuple[Link, _Running] | SkippedStage:
    if isinstance(entry, SkippedStage):
        return entry
    try:
        running = _open(opener, entry.entrant, entry.kernels, entry.model)
    except SideFault as fault:
        if entry.model in {"float .tflite", "twin"}:
            return SkippedStage(entry.stage, entry.model, f"it does not load: {fault}")
        raise
    if running.kernels != entry.kernels:
        reason = "the default kernels do not take the model"
        return SkippedStage(entry.stage, entry.model, reason)
    return entry, running


class _Pair:
    """A model held against an earlier one of the chain."""

    def __init__(
        self, earlier: _Running, later: _Running, outputs: Sequence[WatchedOutput], seed: int
    ) -> None:
        self._earlier, self._later = earlier, later
        both = [
            output
            for output in outputs
            if earlier.elements(output.candidate) == later.elements(output.candidate) is not None
        ]
        self.tracker = Tracker({}, both, seed)

    def add(self, chunk: Chunk, results: Mapping[str, Results]) -> None:
        sides = {"reference": self._earlier, "candidate": self._later}
        named = {who: model.renamed(results[model.side.who]) for who, model in sides.items()}
        self.tracker.add_outputs(chunk, named)


class _Follower:
    """Everything that is followed of a chain."""

    def __init__(
        self,
        setup: Setup,
        first: _Running,
        chain: Sequence[tuple[Link, _Running] | SkippedStage],
    ) -> None:
        ports = real_outputs(setup.candidate)
        pairs = [OutputPair(port, port) for port in ports]
        outputs = watched(setup.spec, pairs, setup.candidate.model, setup.candidate.contract)
        seed = 0 if setup.spec.dataset is None else setup.spec.dataset.seed
        self.sides = [first.side]
        self._chain = chain
        self._pairs: list[tuple[_Pair, _Pair]] = []
        earlier = first
        for entry in chain:
            if isinstance(entry, SkippedStage):
                continue
            before = _Pair(earlier, entry[1], outputs, seed)
            total = before if earlier is first else _Pair(first, entry[1], outputs, seed)
            self._pairs.append((before, total))
            self.sides.append(entry[1].side)
            earlier = entry[1]
        self._distinct = [pair for both in self._pairs for pair in dict.fromkeys(both)]

    def add_input(self, name: str, rows: Array, ids: Sequence[str]) -> None:
        for pair in self._distinct:
            pair.tracker.add_input(name, rows, ids)

    def add_outputs(self, chunk: Chunk, results: Mapping[str, Results]) -> None:
        for pair in self._distinct:
            pair.add(chunk, results)

    def entries(self) -> tuple[Step | SkippedStage, ...]:
        """The chain with what was seen; a skipped stage is covered by the next."""
        found: list[Step | SkippedStage] = []
        covers: tuple[StageName, ...] = ()
        pairs = iter(self._pairs)
        for entry in self._chain:
            if isinstance(entry, SkippedStage):
                covers = (*covers, entry.stage)
                found.append(entry)
                continue
            link, (before, total) = entry[0], next(pairs)
            seen = before.tracker.comparison(), total.tracker.comparison()
            found.append(Step(link.stage, link.model, (*covers, link.stage), *seen))
            covers = ()
        return tuple(found)
