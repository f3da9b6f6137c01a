"""The rule `input-cast-without-quantization`."""

from dataclasses import dataclass

from edgecheck.rules.dumped import DumpedInput


@dataclass(frozen=True)
class InputCastWithoutQuantization(DumpedInput):
    """Values are cast to integers, without scale and zero point.

    ## What it means
    The tensor holds codes: real = scale * (code - zero_point). A cast turns
    values from -1 to 1 into the codes -1, 0 and 1, which all mean nearly the
    same value. The model sees a flat picture, and answers always alike.

    ## Why it happens
    * The runtime refused a float array for an int8 or uint8 input, and
      `.astype(numpy.uint8)` made the error go away.
    * Pixels were copied as they are into an input with another scale.

    ## How edgecheck knows
    `edgecheck match` casts the prepared values as C does, and finds the
    result in the dump: few distinct codes, not at the ends of the range. With
    outputs only, the model is run on it.

    ## How to fix
    Quantize:

        int q = (int)lroundf(x / scale) + zero_point;
        input->data.int8[i] = (int8_t)(q < -128 ? -128 : q > 127 ? 127 : q);

    `edgecheck inspect MODEL` shows scale and zero point.

    ## References
    * https://github.com/google-coral/edgetpu/issues/13
    * https://github.com/ultralytics/ultralytics/issues/9000
    * https://github.com/google-coral/pycoral/issues/49
    """

    name = "input-cast-without-quantization"
    severity = "error"
    role = "cause"
