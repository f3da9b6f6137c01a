"""The rule `decoder-difference`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, plain


@dataclass(frozen=True)
class DecoderDifference(Rule):
    """Files are stored in a form that decoders read differently.

    ## What it means
    The samples have 16 bits or more a channel and are cut down to 8. Which
    bits are dropped, and whether the values are stretched, depends on the
    decoder: edgecheck, training and the device may see different pixels.

    ## Why it happens
    * Depth, thermal and medical cameras write 16-bit files.
    * `cv2.imread` and `tf.io.decode_png` give 8 bits unless asked for more.

    ## How edgecheck knows
    It reads the mode of every file as it decodes it.

    ## How to fix
    Save the samples the way the model gets them, so that nothing is left to
    a decoder: as 8-bit images, or as arrays:

        numpy.save("samples.npy", pixels)

    Then use `kind: array` in the spec.

    ## References
    * https://github.com/python-pillow/Pillow/issues/2718
    * https://github.com/mlcommons/inference/issues/304
    """

    name = "decoder-difference"
    severity = "info"
    role = "note"

    input: str
    wide: int
    """Files of more than 8 bits a channel."""
    files: int

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'Input "{plain(self.input)}": {self.wide} of {count(self.files, "file")} have more '
            "than 8 bits a channel, and are cut down to 8."
        )

    def fix(self) -> str:
        """What to do."""
        return "Compare a pixel with what training read, or save the samples as 8-bit or as arrays."
