"""The rule `inputs-out-of-domain`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import number, percent, plain, span


@dataclass(frozen=True)
class InputsOutOfDomain(Rule):
    """The samples are of another kind than the model was made for.

    ## What it means
    Every input value lies in the range that the model was calibrated for, yet
    most tensors inside it go beyond theirs. So the samples combine ordinary
    values in ways that calibration never saw: speech for a model of machine
    sound, photographs for a model of X-rays. New ranges would not make such
    answers right.

    ## Why it happens
    * The dataset of the spec belongs to another model.
    * The device meets a world that the training data do not cover.

    ## How edgecheck knows
    The model is run beside its dequantized twin. The rule fires where parity is
    lost, less than 0.1 % of the input values are clipped, and of the activations
    at least half, and four, clip more than 1 % of their values, the first layer
    among them. Models that were calibrated badly look different: a single
    picture cuts off the input too, and noise of the full range overfills the
    last layer or two. It is a suspicion all the same: samples of one kind that
    span the full range of the input can leave the same traces in a file.

    ## How to fix
    Look at the samples. If they are what the device will meet, train and
    calibrate with such samples; else give the dataset of this model.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/36548
    * https://github.com/pytorch/pytorch/issues/45185
    """

    name = "inputs-out-of-domain"
    severity = "error"
    role = "cause"

    input: str
    input_range: list[float]
    """Of the samples."""
    calibrated_range: list[float]
    tensor: str
    """The first that goes beyond its range."""
    operator: str
    float_range: list[float]
    representable_range: list[float]
    tensors: int
    """Activations that clip more than 1 % of their values."""
    activations: int
    worst_clip: float
    worst_times: float
    """How many times as wide as its representable range the widest of them is."""

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f"Calibration did not see such samples: the values of input "
            f'"{plain(self.input)}" fit ({span(self.input_range)} in '
            f"{span(self.calibrated_range)}), but {self.tensors} of {self.activations} activations "
            f'behind it exceed their ranges, the first in "{plain(self.tensor)}" '
            f"({span(self.float_range)} where {span(self.representable_range)} fits), the widest "
            f"{number(self.worst_times)} times; up to {percent(self.worst_clip)} of the values are "
            "cut off."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Check that these samples are of the kind that the model was trained for; if they are, "
            "calibrate (and best train) it with samples like them."
        )
