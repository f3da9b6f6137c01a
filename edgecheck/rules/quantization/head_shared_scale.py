"""The rule `head-shared-scale`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import number, plain, span


@dataclass(frozen=True)
class HeadSharedScale(Rule):
    """One scale serves values of very different size; small ones are lost.

    ## What it means
    The output holds channel groups of different units, such as box coordinates
    in pixels (0 to 640) and scores (0 to 1). A tensor has one scale, and the
    large values decide it: the small ones have a step or two left. Scores are
    then 0 or one single value, and nothing is detected, or everything.

    ## Why it happens
    * The export concatenates boxes in pixels and scores into one output.
    * One channel, or one target of a regression, has a far larger range than the
      others.

    ## How edgecheck knows
    It takes the range of each group that the spec declares (or of each channel
    of a detector) in the reference, at least 0 to 1 for what looks like scores,
    and counts the steps of the .tflite output in it: an error below 8, a warning
    below 32, while another group has 64 or more. A channel that looks like no
    score and is in no declared group is a warning only: it may hardly move. So is
    an element of a regression below 8 steps that is still met.

    ## How to fix
    Divide the boxes by the image size before they are concatenated, or give
    boxes and scores an output each, or use 16-bit activations. Train a regression
    on standardised targets and undo that on the device. Judge the groups
    apart, since the boxes hide the damage in any metric of the whole:

        outputs:
          head: {groups: {boxes: [0, 4], scores: [4, 84]}, axis: 1}

    ## References
    * https://github.com/ultralytics/ultralytics/issues/1683
    * https://github.com/ultralytics/ultralytics/pull/1695
    * https://github.com/ultralytics/ultralytics/pull/7372
    """

    name = "head-shared-scale"
    severity = "error"
    role = "cause"

    output: str
    group: str
    """Of the spec, `channel 4`, or `element 4` of measured values."""
    levels: float
    scale: float
    reference_range: list[float]
    widest: str
    widest_levels: float
    affected: int
    """Groups or channels below the limit."""

    def message(self) -> str:
        """What was found, with its numbers."""
        others = f" (the worst of {self.affected})" if self.affected > 1 else ""
        return (
            f'Output "{plain(self.output)}" moves in steps of {number(self.scale)}: '
            f"{plain(self.group)}{others}, {span(self.reference_range)} in the reference, has "
            f"{number(self.levels)} steps, {plain(self.widest)} has {number(self.widest_levels)}."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Bring the groups to one size before they are concatenated (boxes divided by the "
            "image size, targets standardised), or give each an output of its own."
        )
