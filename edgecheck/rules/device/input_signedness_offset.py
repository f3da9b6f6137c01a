"""The rule `input-signedness-offset`."""

from dataclasses import dataclass

from edgecheck.rules.dumped import DumpedInput


@dataclass(frozen=True)
class InputSignednessOffset(DumpedInput):
    """Bytes reach an input of the other sign: all values are 128 steps off.

    ## What it means
    A byte 0..255 is copied into an int8 tensor, which reads 128..255 as
    -128..-1 (or the other way round). Dark becomes medium, medium becomes the
    brightest or the darkest. Nothing looks wrong from outside: all 256 codes
    occur, no output need collapse, and most answers are wrong.

    ## Why it happens
    * The frame buffer of a camera is unsigned, the model has an int8 input.
    * The model was converted with `inference_input_type` uint8 and then again
      with int8, and the copying code stayed as it was.
    * A ByteBuffer in Java has signed bytes only.

    ## How edgecheck knows
    `edgecheck match` prepares the logged samples by the spec's steps, makes
    the bytes that such a copy would leave in the tensor, and finds them in
    the dump. With outputs only, the model is run on those bytes.

    ## How to fix
    Subtract the offset as the byte is copied:

        input->data.int8[i] = (int8_t)(pixel[i] - 128);

    That is right where the tensor has the scale of a pixel and zero point
    -128; else quantize: `q = round(x / scale) + zero_point`, clamped.

    ## References
    * https://github.com/espressif/esp-tflite-micro/issues/18
    * https://github.com/tensorflow/tensorflow/issues/35072
    * https://github.com/mlcommons/tiny/pull/43
    """

    name = "input-signedness-offset"
    severity = "error"
    role = "cause"
