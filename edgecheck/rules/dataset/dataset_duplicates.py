"""The rule `dataset-duplicates`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, listed


@dataclass(frozen=True)
class DatasetDuplicates(Rule):
    """Several samples of the dataset are the same after preprocessing.

    ## What it means
    There are fewer different samples than files. Every number in the report
    is worth less than the sample count suggests, because copies vote twice.

    ## Why it happens
    * The same file lies in the folder under two names.
    * Frames of a video or windows of a recording do not differ.
    * A loader yields its first item again and again, or fills a buffer that
      it handed out before.
    * The steps remove what differed, for instance by a crop of the border.

    ## How edgecheck knows
    It takes a digest of the prepared values of each sample and counts the
    distinct ones. One pair of equal samples is named as an example.

    ## How to fix
    Look at the two samples named. If the files are copies, remove one:

        sha256sum images/* | sort | uniq -w64 -D

    If the files differ, find the step that makes them equal. If the samples
    come from your own generator, let it copy the buffer it yields:

        yield [frame.copy()]

    ## References
    * https://github.com/tensorflow/tensorflow/issues/44289
      (a calibration loop that yields the first image for ever)
    * https://github.com/hunglc007/tensorflow-yolov4-tflite/pull/228
    """

    name = "dataset-duplicates"
    severity = "warning"
    role = "note"

    samples: int
    distinct: int
    example: list[str]
    """Two sample ids whose prepared values are equal."""

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f"Of {count(self.samples, 'sample')} only {self.distinct} are different after "
            f"preprocessing; two equal ones are {listed(self.example)}."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            f"Compare {listed(self.example)}: remove copies from the dataset, or correct the step "
            "that makes different files equal."
        )
