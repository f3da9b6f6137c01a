"""The rule `input-range-mismatch`."""

from dataclasses import dataclass, field

from edgecheck.rules.base import Rule
from edgecheck.rules.tried import at_once
from edgecheck.rules.wording import (
    Fed,
    Witness,
    changed_steps,
    fitting_models,
    fitting_record,
    pixel_rescale,
    plain,
    recorded_range,
    span,
    tried_range,
)


@dataclass(frozen=True)
class InputRangeMismatch(Rule):
    """The spec's steps do not keep the value range that the spec promises.

    ## What it means
    The spec says which values training saw, and its own steps produce others.
    One of the two is wrong. A model fed on another range than it was trained
    on still answers, often with high confidence, and is wrong.

    ## Why it happens
    * Pixels are scaled to 0..1 where the model was trained on -1..1, or the
      reverse.
    * Mean and standard deviation of another preset were taken over.
    * A mean given for 0..255 pixels is applied to 0..1 pixels.

    ## How edgecheck knows
    It runs the steps over the dataset, or over black and white where there is
    none, and keeps the smallest and largest value. They are compared with the
    spec's `range`. Where labels show that the model is often wrong, the usual
    scalings of pixels are tried on up to 128 samples. Where candidate and
    reference disagree, each is fed with them alone: one that only then agrees
    with the other was trained on another range. The range that calibration
    recorded in the file is a witness, too, where labels show that the float
    model fails, or does worse than the file, which cuts values off: a wrong
    calibration does neither. Where nothing tells, it is suspected beside it.

    ## How to fix
    Look the range up in the training code, not in a tutorial. For 8-bit
    pixels that training scaled to -1..1:

        range: [-1, 1]
        steps:
          - rescale: {scale: 0.00784313725, offset: -1}

    Correct whichever is wrong, and use the same constants on the device.

    ## References
    * https://github.com/tensorflow/tflite-support/issues/911
    * https://github.com/rwightman/gen-efficientnet-pytorch/issues/33
    * https://github.com/firebase/snippets-android/issues/128
    """

    name = "input-range-mismatch"
    severity = "error"
    role = "cause"

    input: str
    promised: list[float]
    """[lowest, highest] of the spec's `range`, or that labels or the file speak for."""
    observed: list[float]
    """[lowest, highest] that the steps produced."""

    tried: list[int] | None = None
    """[right with these steps, right with `promised`, samples], where it was tried."""
    fed: Fed | None = None
    """The only model that was fed so: right is what the other one answers. None: what labels say."""
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    """Steps to take out of the spec, and to put in, as far as they were tried."""
    beside: str = ""
    """What was changed at the same time, where it took two changes."""
    witness: Witness | None = None
    """What speaks for `promised`, where it is what calibration recorded."""

    def message(self) -> str:
        """What was found, with its numbers."""
        if self.tried is not None:
            ranges = self.observed, self.promised
            return tried_range(self.input, *ranges, self.tried, self.fed) + at_once(self.beside)
        if self.witness is not None:
            return recorded_range(self.input, self.observed, self.promised, self.witness)
        return (
            f'Input "{plain(self.input)}": the spec promises values from {span(self.promised)}, '
            f"but its steps produce {span(self.observed)}."
        )

    def fix(self) -> str:
        """What to do."""
        if self.fed is not None:
            return fitting_models(self.fed, self.removed, self.added)
        if self.tried is not None:
            return f"{changed_steps(self.removed, self.added)}."
        if self.witness is not None:
            return fitting_record(self.promised)
        return (
            f"If training saw {span(self.promised)}, correct the steps"
            f"{pixel_rescale(self.promised)}; if not, correct `range`."
        )
