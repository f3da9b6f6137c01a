"""What device code must do instead, by the rule that its mistake is an instance of."""

from typing import Final

_ONCE: Final = "Scale values once, with the constants of training."

REMEDIES: Final[dict[str, str]] = {
    "aspect-policy-mismatch": "Make pictures fit as the spec's `resize` says: stretch, letterbox or "
    "crop, with its fill.",
    "audio-feature-mismatch": "Compute the features with the parameters of the spec's steps.",
    "channel-count-mismatch": "Give the model the channels of training: drop alpha, and do not "
    "repeat gray in place of colours.",
    "channel-order-swapped": "Write the channels in the order of training; for BGR that is to "
    "exchange bytes 0 and 2 of every pixel (cv::COLOR_BGR2RGB, or the camera's format).",
    "decoder-difference": "Nothing, unless answers change: the picture was compressed or decoded by "
    "other code.",
    "endianness": "Swap the bytes of every value as it is copied; in Java, "
    "ByteBuffer.order(ByteOrder.nativeOrder()).",
    "input-cast-without-quantization": "A cast does not quantize: divide by the scale and add the "
    "zero point first.",
    "input-cast-wraparound": "Clamp before the cast: (int8_t)200 is -56.",
    "input-constant": "Copy every new frame into the input tensor before each Invoke(), and look at "
    "whether the camera really delivered one.",
    "input-double-normalized": f"{_ONCE} A helper, the SDK or the model itself already does it.",
    "input-double-quantized": "Quantize once: write the codes straight into the tensor, past any "
    "helper that takes real values.",
    "input-not-normalized": _ONCE,
    "input-range-mismatch": _ONCE,
    "input-rounding-missing": "Nothing needs to change; lroundf() in place of the cast makes the "
    "codes exact.",
    "input-shifted": "Look for a crop window, a header or a row stride that begins some pixels off.",
    "input-signedness-offset": "The bytes have the other sign than the tensor: subtract 128 from "
    "each as it is copied (or XOR it with 0x80).",
    "inputs-nonfinite": "Look for a division by zero, and for memory that is read before it is "
    "written.",
    "io-order-swapped": "Bind inputs by name, or by their tensor index, never by their place.",
    "layout-nchw-nhwc": "Transpose, do not reshape: with channels last, element (y, x, c) is at "
    "(y * width + x) * channels + c.",
    "orientation-mismatch": "Turn the picture upright before it is resized: sensor rotation, mirror, "
    "EXIF, or rows and columns exchanged.",
    "output-alias-reuse": "Copy each new frame as a whole before Invoke(), and let nothing write to the "
    "input while the model runs.",
    "resize-method-mismatch": "Resize as the spec's `resize` says: its method, antialias and library "
    "decide.",
}
"""Rule -> what to do, in a sentence or two."""

OTHERWISE: Final = "Prepare the input as the spec's steps say."
