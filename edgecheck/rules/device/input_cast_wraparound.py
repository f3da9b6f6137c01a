"""The rule `input-cast-wraparound`."""

from dataclasses import dataclass

from edgecheck.rules.dumped import DumpedInput


@dataclass(frozen=True)
class InputCastWraparound(DumpedInput):
    """Codes beyond the range of the type wrap round instead of clamping.

    ## What it means
    The value is quantized, but what lies outside -128..127 (or 0..255) is cut
    to its low byte: the brightest pixels become dark, or the darkest bright.

    ## Why it happens
    * Quantizing code without a clamp, as in many snippets: with calibration
      samples nothing ever lay outside.
    * A cast that clamps on one processor and wraps on another.

    ## How edgecheck knows
    `edgecheck match` quantizes the prepared values with and without a clamp.
    Where they differ, the dump holds the wrapped ones: order is not kept,
    dark and bright change places. Where no value lies outside, the two are
    the same, and nothing is said.

    ## How to fix
    Clamp before the cast:

        int q = (int)lroundf(x / scale) + zero_point;
        if (q < -128) q = -128;
        if (q > 127) q = 127;

    If many values lie outside, the range is wrong too: `edgecheck validate`
    says so.

    ## References
    * https://github.com/Physical-Intelligence/openpi/pull/994
    * https://github.com/huggingface/sentence-transformers/pull/3847
    """

    name = "input-cast-wraparound"
    severity = "error"
    role = "cause"
