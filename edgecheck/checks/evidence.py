"""Everything that checks may look at."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from edgecheck.compare.forensics import Forensics
from edgecheck.compare.layers import LayerWalk
from edgecheck.compare.recorded import RecordedStatistics
from edgecheck.compare.renormalized import Renormalized
from edgecheck.compare.repeats import Repeats
from edgecheck.compare.sensitivity import Sensitivity
from edgecheck.compare.signal import Signal
from edgecheck.compare.stages import StageWalk
from edgecheck.compare.statistics import Comparison, InputStatistics, OutputComparison
from edgecheck.compare.tflm import Beside
from edgecheck.compare.trained_ranges import FakeQuantization
from edgecheck.compare.trials import Trial
from edgecheck.compare.weight_match import WeightComparison
from edgecheck.findings import Finding, Subject
from edgecheck.measurements import Memory
from edgecheck.runtime.target import Target
from edgecheck.spec.model import Spec
from edgecheck.tflite.graph import Contract, Model, Port
from edgecheck.tflite.leading import Leading


class NotApplicable(Exception):
    """What the check judges is not there."""


class NotRun(NotApplicable):
    """What the check judges shows in a run, and there was none; the run itself says why."""

    def __init__(self) -> None:
        super().__init__("no sample was run")


@dataclass(frozen=True)
class Evidence:
    """What is known about a candidate; a part that could not be had is None or empty."""

    spec: Spec
    label_names: tuple[str, ...]
    """From the spec's `model.labels`; empty if it has none."""
    model: Model
    contract: Contract
    bound: Mapping[str, Port] | None
    """Spec input name -> port; None where they do not match."""
    data: bytes = b""
    """The bytes of the candidate, for what is stored in its buffers."""
    runtime: tuple[str, str] | None = None
    """Name and version of the runtime that took the candidate or refused it."""
    target: Target | None = None
    """What the candidate will run on, as far as spec and command line say."""
    comparison: Comparison | None = None
    sensitivities: tuple[Sensitivity, ...] = ()
    reference_sensitivities: tuple[Sensitivity, ...] = ()
    trials: tuple[Trial, ...] = ()
    """Other steps that were tried, because labels show that the model is often wrong."""
    repeats: Repeats | None = None
    """The first samples again, in ways that must not change the answers."""
    untried: str = ""
    """Why they were given up, if a model did not survive one."""

    weights: WeightComparison | None = None
    """Layers of the candidate beside those of its reference; None without a reference file."""
    tflm: Beside | None = None
    """The candidate in TFLM beside a desktop runtime, where it may run on a microcontroller."""
    memory: Memory | None = None
    """What the runtime tells of the memory that the candidate takes."""
    walk: LayerWalk | None = None
    forensics: Forensics | None = None
    """What the stored ranges say about the calibration; only there with a walk."""
    stages: StageWalk | None = None
    """The chain from the reference to the candidate, where it was followed."""
    fake_quantization: FakeQuantization | None = None
    """What training with quantization left in the reference; None without a chain, or any of it."""
    lost_steps: Leading | None = None
    """What the reference does with its one input and the candidate does not, though the weights behind
    it are the same; looked for where parity is lost."""
    signal: Signal | None = None
    """What samples do to the float model, where it is in trouble."""
    renormalized: Renormalized | None = None
    """The trained reference with other statistics of batch normalization, where that was tried."""
    replayed: tuple[RecordedStatistics, ...] | None = None
    """Outputs beside those that were recorded of the same file elsewhere; None but in a replay."""
    brought: tuple[str, ...] = ()
    """Custom operators that a delegate brought along: the file ran with it."""
    original: str | None = None
    """The reference, where it is the integer file that the candidate was compiled of."""
    _outcomes: "dict[object, tuple[Finding, ...] | NotApplicable]" = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Check -> what came of it: some ask what others find. `replace` begins a new one."""

    def found_by(self, check: "Callable[[Evidence], Iterable[Finding]]") -> tuple[Finding, ...]:
        """The findings of a check, which is made once.

        Raises:
            NotApplicable: what it judges is not there.
        """
        if check not in self._outcomes:
            try:
                self._outcomes[check] = tuple(check(self))
            except NotApplicable as missing:
                self._outcomes[check] = missing.with_traceback(None)
        outcome = self._outcomes[check]
        if isinstance(outcome, NotApplicable):
            raise outcome
        return outcome

    @property
    def arena(self) -> Memory | None:
        """`memory`, where the target is a microcontroller; else None: nobody asks whether it fits."""
        device = None if self.target is None else self.target.device
        return self.memory if device is not None and device.is_microcontroller else None

    @property
    def open_batch(self) -> tuple[Port, ...] | None:
        """The inputs, where all leave the size of the batch open; else None."""
        is_open = all(port.tensor.shape_signature[:1] == (-1,) for port in self.contract.inputs)
        return self.contract.inputs if is_open else None

    @property
    def walked(self) -> LayerWalk:
        """`walk`, or NotApplicable."""
        if self.walk is None:
            raise NotApplicable("the layers were not walked through")
        return self.walk

    @property
    def ports(self) -> Mapping[str, Port]:
        """`bound`, or NotApplicable."""
        if self.bound is None:
            raise NotApplicable("the inputs of spec and model do not match")
        return self.bound

    @property
    def observed(self) -> Comparison:
        """`comparison`, or NotApplicable."""
        if self.comparison is None:
            raise NotRun
        if not self.comparison.samples:
            raise NotApplicable("the dataset is empty")
        return self.comparison

    @property
    def outputs(self) -> tuple[OutputComparison, ...]:
        """All outputs that could be read, or NotApplicable."""
        if not self.observed.outputs:
            raise NotApplicable("the model has no output that numpy can hold")
        return self.observed.outputs

    @property
    def pairs(self) -> tuple[OutputComparison, ...]:
        """Outputs with a reference, or NotApplicable."""
        found = tuple(output for output in self.outputs if output.pair is not None)
        if not found:
            raise NotApplicable(
                "nothing to compare with: give `model.reference` in the spec or --reference"
            )
        return found

    @property
    def distinct_inputs(self) -> int:
        """How many different samples were run: the most varied input decides."""
        return max((entry.distinct for entry in self.observed.inputs), default=0)


def seen_input(evidence: Evidence, name: str) -> InputStatistics | None:
    """What the pass saw of an input; None without a pass or a finite value."""
    if evidence.comparison is None:
        return None
    found = [entry for entry in evidence.comparison.inputs if entry.name == name]
    return found[0] if found and found[0].elements else None


def input_subject(name: str) -> Subject:
    """An input of the spec."""
    return Subject("input", name)


def output_subject(name: str) -> Subject:
    """An output of the candidate."""
    return Subject("output", name)
