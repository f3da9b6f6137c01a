"""The rule `orientation-mismatch`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, plain


@dataclass(frozen=True)
class OrientationMismatch(Rule):
    """Photos carry an orientation that the steps ignore.

    ## What it means
    Cameras store the picture as the sensor saw it, and a tag (EXIF
    orientation) that says how to turn it. Viewers turn it; decoders often do
    not. These samples reach the model lying on their side, while everybody
    who looked at them saw them upright.

    ## Why it happens
    * `tf.io.decode_jpeg` and older tools ignore the tag, and training used
      another decoder than the device.
    * Some phone brands turn the pixels, others only write the tag.

    ## How edgecheck knows
    It reads the orientation of every file as it decodes it. The spec says
    `exif: ignore`, and there are files whose orientation is not 1.

    ## How to fix
    If training turned the pictures (most libraries with augmentation do),
    say so, and turn them on the device too:

        - decode: {exif: apply}

    If training ignored the tag, remove it from the files, so that people and
    model see the same picture.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/49834
    * https://github.com/tensorflow/models/issues/5927
    * https://github.com/shaqian/flutter_tflite/issues/207
    """

    name = "orientation-mismatch"
    severity = "warning"
    role = "cause"

    input: str
    turned: int
    """Files whose orientation is not 1."""
    files: int
    example: str

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'Input "{plain(self.input)}": {self.turned} of {count(self.files, "file")} are stored '
            f'turned or mirrored (such as "{plain(self.example)}"), and the spec says '
            "`exif: ignore`."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Write `- decode: {exif: apply}` if training saw the pictures upright, and turn them "
            "on the device too; else remove the tag from the files."
        )
