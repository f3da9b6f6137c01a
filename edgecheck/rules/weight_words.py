"""How weights and biases that are not the reference's are put into words."""

import math
from collections.abc import Sequence

from edgecheck.rules.wording import count, number, span

BIAS_SAYS = {
    "clipped": "{channels} of {of} biases stand at the limit of int32: they were clipped",
    "accumulator": "{channels} of {of} biases reach {worst}, so that bias and products together "
    "may leave int32",
    "scale": "its scale is not input scale times weight scale, which kernels take for granted: "
    "{channels} of {of} outputs are off by up to {worst} steps of the output",
}
_PRUNE = (
    "Prune the channels whose weights are almost zero, or convert again with a current TensorFlow."
)
BIAS_FIX = {
    "clipped": _PRUNE,
    "accumulator": _PRUNE,
    "scale": "Convert again with a current TensorFlow. A tool that changes scales in the file must "
    "write the biases anew.",
    "input": "Give the input of the layer the scale that its bias was made for (bias scale / weight "
    "scale), or convert again: after a change of scale, biases need new codes.",
}
_SHOWN = 6
_SAME_FACTOR = 0.1


def levels(low: float, high: float) -> str:
    """Lowest and highest SQNR (dB), as `44 to 48 dB`."""
    if math.isinf(low):
        return "exact" if low > 0 else "nothing in common"
    if math.isinf(high):
        return f"{low:.0f} dB to exact"
    ends = dict.fromkeys((f"{low:.0f}", f"{high:.0f}"))
    return f"{' to '.join(ends)} dB"


def changed_weights(channels: int, zeroed: int, changed: int, factor: float | None) -> str:
    """What happened to the weights of a layer, without a full stop; empty if it has no name.

    Args:
        channels: of the output.
        zeroed: those without any weight.
        changed: those whose weights are off.
        factor: of all weights, where there is one.
    """
    if zeroed:
        return f"{_part(zeroed, channels)} nothing but 0"
    if factor is not None and abs(factor - 1) > _SAME_FACTOR and changed:
        return f"they are {number(round(factor, 2))} times the reference's"
    return f"{_part(changed, channels)} other weights" if 0 < changed < channels else ""


def changed_biases(channels: Sequence[int], largest: float) -> str:
    """Which biases are off, and how far, without a full stop; empty without any."""
    if not channels:
        return ""
    if len(channels) == 1:
        return f"the bias of channel {channels[0]} is off by {number(largest)}"
    which = f"channels {', '.join(map(str, channels))}"
    which = which if len(channels) <= _SHOWN else "many channels"
    return f"the biases of {which} are off by up to {number(largest)}"


def too_wide(used: Sequence[float] | None, held: Sequence[float] | None) -> str:
    """That the input of a layer uses little of its range, as a sentence; empty without ranges."""
    if used is None or held is None:
        return ""
    return f" The input of the layer can hold {span(held)} but is {span(used)}."


def _part(part: int, whole: int) -> str:
    if part == whole:
        return "the only output channel has" if whole == 1 else f"all {whole} output channels have"
    return f"{part} of {count(whole, 'output channel')} {'has' if part == 1 else 'have'}"
