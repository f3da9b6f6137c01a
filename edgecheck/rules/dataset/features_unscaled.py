"""The rule `features-unscaled`."""

from dataclasses import dataclass, field

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import plain, span

_SHOWN = 3


@dataclass(frozen=True)
class FeaturesUnscaled(Rule):
    """Features are fed as they were measured, but training standardised them.

    ## What it means
    Training subtracted a mean from each column and divided by a deviation;
    the steps of the spec do not. Columns with large numbers then drown the
    others, and values lie far outside of what the model knows.

    ## Why it happens
    * The scaler (`StandardScaler`, a Normalization layer) stayed in the
      training script and was not exported.
    * Its constants were fitted in Python and never reached the device.

    ## How edgecheck knows
    Labels decide: samples are run again, standardised, and half of the wrong
    answers become right. Or the range of a quantized input, which is the one
    that calibration saw, is a few units around 0, and the data only fit it
    standardised. Else it suspects, where deviations differ more than a
    hundredfold and the reference fails on the data.

    ## How to fix
    Put the constants of training into the spec, and into the app:

        - normalize: {mean: [21.4, 1013.2], std: [4.1, 8.9]}

    The numbers that edgecheck prints are those of your samples; use those of
    training (`scaler.mean_`, `scaler.scale_`) where you have them.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/58206
    * https://github.com/tensorflow/tensorflow/issues/36548
    """

    name = "features-unscaled"
    severity = "error"
    role = "cause"

    input: str
    calibrated: list[float] | None
    """What the input can represent; None where it is not quantized."""
    worst: list[str]
    """Columns that are furthest off, the worst first."""
    ranges: list[list[float]]
    """[lowest, highest] of each of them."""
    step: str
    """The step that standardises these data; empty where it would be too long."""
    tried: list[int] = field(default_factory=list)
    """Right answers before and with it, and samples; empty where labels were not asked."""

    def message(self) -> str:
        """What was found, with its numbers."""
        pairs = list(zip(self.worst, self.ranges, strict=False))[:_SHOWN]
        shown = ", ".join(f'"{plain(name, 40)}" from {span(ends)}' for name, ends in pairs)
        known = "columns of very different size are fed as they are"
        if self.tried:
            before, after, samples = self.tried[:3]
            known = (
                f"{before} of {samples} samples are answered rightly as they are fed, {after} if "
                "every column is standardised"
            )
        if self.calibrated is not None:
            known = f"calibration saw {span(self.calibrated)}, as of standardised features"
        joint = "; the data have" if self.tried else ", but the data have"
        return f'Input "{plain(self.input)}": {known}{joint} {shown}.'

    def fix(self) -> str:
        """What to do."""
        step = (
            f"`- {plain(self.step, 420)}`"
            if self.step
            else "a `normalize` step with one mean a column"
        )
        return f"Standardise as training did; with the numbers of these samples: {step}."
