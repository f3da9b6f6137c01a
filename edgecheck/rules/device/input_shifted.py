"""The rule `input-shifted`."""

from dataclasses import dataclass

from edgecheck.rules.dumped import DumpedInput


@dataclass(frozen=True)
class InputShifted(DumpedInput):
    """The picture arrives shifted by some pixels.

    ## What it means
    What the model sees is the right picture, moved to a side. Networks with
    pooling forgive a pixel or two; more of it costs accuracy without any
    other sign.

    ## Why it happens
    * A crop window that is not centred as in training, or rounded otherwise.
    * Bytes before the first pixel (a header, a line of padding) are taken for
      pixels.
    * Rows of the frame buffer are longer than the picture (their stride), and
      code that copies them assumes they are not.

    ## How edgecheck knows
    `edgecheck match` moves the prepared pictures and finds the dump among
    them; the finding holds direction and distance. What comes in at the
    border is not compared.

    ## How to fix
    Print the first two rows of the frame buffer for a picture with a sharp
    edge, and correct start and stride of the copy:

        const uint8_t *row = frame + (top + y) * stride + left * channels;

    ## References
    * https://github.com/RidgeRun/gst-inference/pull/118
    * https://github.com/intel/ipex-llm/issues/343
    * https://github.com/gordinmitya/yuv2buf/issues/3
    """

    name = "input-shifted"
    severity = "error"
    role = "cause"
