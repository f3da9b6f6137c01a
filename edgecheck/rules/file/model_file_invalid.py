"""The rule `model-file-invalid`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import clause


@dataclass(frozen=True)
class ModelFileInvalid(Rule):
    """The bytes of the file are not a TensorFlow Lite model.

    ## What it means
    No runtime can load this file. It is something else under a .tflite name,
    or a model that was cut short or damaged on its way.

    ## Why it happens
    * The repository was cloned without Git LFS, so the file holds a few lines
      of text that point to the model.
    * A download saved the server's HTML error page, or stopped half way.
    * The file is still compressed, or is a .pb, .h5, .keras or .onnx model.
    * An app build compressed the asset.

    ## How edgecheck knows
    A model starts with a FlatBuffer root offset, then the identifier TFL3 at
    bytes 4 to 7. edgecheck reads the first bytes, recognises the usual
    impostors by theirs, and then walks the tables of the file, checking every
    offset against the size of the file. Nothing is executed.

    ## How to fix
    Compare size and checksum with the file that the converter wrote, then
    fetch it again:

        git lfs install && git lfs pull

    In an Android build keep the packager from compressing it:

        android { aaptOptions { noCompress "tflite" } }

    ## References
    * https://github.com/moonshine-ai/openai-whisper/issues/41
      (a Git LFS pointer in place of the model)
    * https://github.com/tensorflow/tensorflow/issues/32204
      (identifier 'CTYP': an HTML page)
    * https://github.com/vilassn/whisper_android/issues/2
    """

    name = "model-file-invalid"
    severity = "error"
    role = "cause"

    found: str
    """What the bytes are instead."""
    hint: str
    """How to get the model; may be empty."""

    def message(self) -> str:
        """What was found, with its numbers."""
        return f"This file is not a TensorFlow Lite model: {clause(self.found)}."

    def fix(self) -> str:
        """What to do."""
        replaced = "eplace the file by the one that the converter wrote."
        return f"{clause(self.hint)}. Or r{replaced}" if self.hint else f"R{replaced}"
