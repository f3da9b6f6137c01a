"""What a pass over the dataset leaves behind: plain data that checks judge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from edgecheck.metrics.moments import ColumnMoments
from edgecheck.metrics.sqnr import telling_db
from edgecheck.metrics.truth import Errors
from edgecheck.preprocess.survey import Survey
from edgecheck.tensors import Array

Kind: TypeAlias = Literal[
    "raw", "classes", "values", "reconstruction", "vectors", "pixels", "scores"
]
"""What an output holds, which decides how it is compared: scores of classes, measured values, the
input again, an embedding, a class for each pixel, sorted scores of detections, or anything."""


@dataclass(frozen=True)
class InputStatistics:
    """One input over all samples, after preprocessing and before quantization."""

    name: str
    samples: int
    elements: int
    """Finite values seen."""
    low: float
    high: float
    """Smallest and largest finite value; NaN if there was none."""
    clipped: int
    """Finite values outside the representable range of the candidate."""
    fractional: int
    """Values that are no whole numbers inside an integer tensor without a scale."""
    nonfinite: int
    nonfinite_samples: tuple[str, ...]
    """Ids of the first few samples with NaN or infinity."""
    nonfinite_sample_count: int
    distinct: int
    duplicate: tuple[str, str] | None
    """Ids of the first two equal samples."""
    constant_features: tuple[int, ...] | None
    """Positions that never change; only for samples of rank 1."""
    features: ColumnMoments | None = None
    """Each column by itself; only for samples of rank 1 with at most 4096 of them."""
    survey: Survey | None = None
    """What the stored files looked like; None before the pass has ended, and for arrays."""


@dataclass(frozen=True)
class OutputStatistics:
    """One output of one model over all samples."""

    name: str
    samples: int
    values: int
    nonfinite: int
    nonfinite_samples: int
    distinct: int
    spread: float
    """The largest (maximum - minimum) over samples of any element; NaN if nothing was finite."""
    largest: float
    """The largest absolute finite value; 0 if there was none."""
    zero_samples: int
    """Samples whose every value is zero within the tolerance of the output."""
    class_counts: Array | None
    """int64 (classes,): how often each class was on top; None where the task has no classes."""


@dataclass(frozen=True)
class Measure:
    """A metric and its 95 % interval."""

    value: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class PairStatistics:
    """Candidate against reference on one output. Intervals are 95 %."""

    sqnr_db: float
    sqnr_db_interval: tuple[float, float] | None
    cosine_p5: float
    cosine_p5_interval: tuple[float, float] | None
    max_abs_error: float
    """Over elements finite in both; NaN if there was none."""
    agreement: float | None
    agreement_interval: tuple[float, float] | None
    kl_median: float | None
    kl_median_interval: tuple[float, float] | None
    regret: Measure | None = None
    """Probability that the candidate's choices of class give up, by the reference's own values."""
    regret_share: Measure | None = None
    """The same for each that a blind choice would give up."""
    confusion: Array | None = field(default=None, compare=False)
    """int64 (k, 3): class of the reference, class of the candidate, samples that have both; None
    without classes, or with too many."""


@dataclass(frozen=True)
class LabelStatistics:
    """Labels and how often they were met, on the primary output."""

    labelled: int
    class_counts: Mapping[int, int]
    """Class -> number of samples for which it is acceptable."""
    highest: int
    candidate_accuracy: float
    reference_accuracy: float | None
    mcnemar_p: float | None
    confusion: Array | None = field(default=None, compare=False)
    """int64 (2, classes, classes): half of the samples, label, class that the float model answers
    (the reference; the candidate where there is none). None with too many classes."""
    answers: Array | None = field(default=None, compare=False)
    """int64 (k, 3): label, class of the candidate, samples that have both; likewise."""


@dataclass(frozen=True)
class Worst:
    """One of the samples with the lowest SQNR."""

    id: str
    output: str
    sqnr_db: float
    candidate_class: int | None
    reference_class: int | None
    label: str | None
    place: int | None = None
    """In the order of the dataset, from 0."""


@dataclass(frozen=True)
class ErrorStatistics:
    """Errors against true values: the targets of a regression, the input of an autoencoder."""

    samples: int
    """Samples with a known value."""
    candidate: Errors
    reference: Errors | None = None
    r2_loss: Measure | None = None
    """R2 of the reference minus that of the candidate."""
    ratio: Measure | None = None
    """Mean squared error of the candidate for each of the reference."""
    candidate_right: float = 0.0
    reference_right: float = 0.0
    """Share of samples whose every value is the true one, within one step of the output."""


@dataclass(frozen=True)
class ElementStatistics:
    """One element of measured values, which may have a unit of its own."""

    index: int
    variation_sqnr_db: Measure
    r2_loss: Measure | None = None
    ratio: Measure | None = None
    """As in `ErrorStatistics`; None without targets that vary."""


@dataclass(frozen=True)
class MapStatistics:
    """Class maps against true ones."""

    candidate_iou: float
    chance_iou: float
    """Of maps with the candidate's shares of classes, anywhere."""
    reference_iou: float | None = None
    iou_loss: Measure | None = None
    """Mean IoU of the reference minus that of the candidate."""


@dataclass(frozen=True)
class TaskStatistics:
    """What only some tasks have; None where it does not apply."""

    variation_sqnr_db: Measure | None = None
    mean_abs_error: float | None = None
    """Of the candidate against the reference."""
    errors: ErrorStatistics | None = None
    elements: tuple[ElementStatistics, ...] = ()
    """Those of measured values that move in the reference, where there are several."""
    neighbour_agreement: float | None = None
    pixel_agreement: Measure | None = None
    mean_iou: Measure | None = None
    maps: MapStatistics | None = None
    ranges: tuple[tuple[float, float], ...] = ()
    """(low, high) of each channel, or element of measured values, in the reference."""
    misfit: tuple[int, int] | None = None
    """Values of one true answer and of one output, where the two differ."""


@dataclass(frozen=True)
class OutputComparison:
    """Everything about one output, or about one channel group of it."""

    name: str
    scale: float | None
    """One LSB of the candidate's output; None where it is float."""
    candidate: OutputStatistics
    reference: OutputStatistics | None
    pair: PairStatistics | None
    labels: LabelStatistics | None
    kind: Kind = "raw"
    task: TaskStatistics = field(default_factory=TaskStatistics)
    whole: str | None = None
    """The output that this is a group of."""
    step: float | None = None
    """`scale`, or that of the codes that a last DEQUANTIZE turned into these values."""
    holds_numbers: bool = False
    """The values are class numbers, which have no distance from each other."""
    points: Array | None = field(default=None, compare=False)
    """float32 (k, 2): values in reference and candidate, drawn at random; None without a
    reference, none where there are more than a few for each sample."""

    @property
    def port(self) -> str:
        """The output of the model that the values are from."""
        return self.whole or self.name

    @property
    def telling_sqnr_db(self) -> float | None:
        """Against the reference, of what tells most (see `telling_db`); None if that is unknown."""
        movement = self.task.variation_sqnr_db
        return telling_db(
            None if self.pair is None else self.pair.sqnr_db,
            None if movement is None else movement.value,
        )


@dataclass(frozen=True)
class Comparison:
    """The whole pass."""

    samples: int
    inputs: tuple[InputStatistics, ...]
    outputs: tuple[OutputComparison, ...]
    worst: tuple[Worst, ...]
    latency_ms: tuple[float, float, float]
    """p50, p95 and maximum of one candidate invocation, milliseconds."""
    reference_ms: float | None = None
    """p50 of one row in the reference, milliseconds; None without one."""

    @property
    def slower_ms(self) -> float:
        """p50 of the slower of the two: models run side by side."""
        return max(self.latency_ms[0], self.reference_ms or 0.0)
