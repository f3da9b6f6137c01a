"""The rule `metadata-missing`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import clause, count


@dataclass(frozen=True)
class MetadataMissing(Rule):
    """The file does not say how to feed it, or not what the spec says.

    ## What it means
    Apps built with the Task Library, MediaPipe or ML Kit take mean, deviation
    and colours from metadata inside the file. Without it they refuse the
    model; with wrong metadata they feed it wrong values, and nobody sees it.

    ## Why it happens
    * A plain converter writes no normalisation.
    * The metadata was copied from another model, or written for values of
      0..1 where the model takes -1..1.
    * A later tool dropped it.

    ## How edgecheck knows
    It reads the buffer TFLITE_METADATA and compares (x - mean) / std, for
    pixels 0..255, and the colours with what the spec's steps do. A file
    without metadata is only noted for a target that reads it.

    ## How to fix
    Write it anew, with the numbers of the spec:

        from tflite_support.metadata_writers import image_classifier

    and MetadataWriter.create_for_inference(model, [mean], [std], [labels]).

    ## References
    * https://github.com/tensorflow/tensorflow/issues/44431
    * https://github.com/tensorflow/tensorflow/issues/51501
    """

    name = "metadata-missing"
    severity = "warning"
    role = "cause"

    disagreements: list[str]
    """What the metadata says, and the spec; empty where there is no metadata."""

    def message(self) -> str:
        """What was found, with its numbers."""
        if not self.disagreements:
            return "The file has no metadata, which libraries on the target read."
        more = len(self.disagreements) - 1
        rest = f" ({count(more, 'more difference')})" if more else ""
        return f"The metadata contradicts the spec: {clause(self.disagreements[0])}{rest}."

    def fix(self) -> str:
        """What to do."""
        if not self.disagreements:
            return "Write metadata with the numbers of the spec, or feed the model without it."
        return (
            "Find out which of the two training used, and correct the other: apps that read the "
            "metadata feed what it says."
        )
