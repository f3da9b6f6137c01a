"""Which samples a conversion is calibrated on, and which are left to judge it."""

from dataclasses import dataclass

from edgecheck.conversion.representative import classes_of, stratified
from edgecheck.errors import UsageError
from edgecheck.samples.chunk import Dataset, Truth
from edgecheck.samples.class_names import read_class_names
from edgecheck.samples.holdout import calibration_count
from edgecheck.samples.open import open_dataset
from edgecheck.samples.part import Part
from edgecheck.samples.selection import select
from edgecheck.spec.load import LoadedSpec

_UNCALIBRATED = "; none, float16 and dynamic-range need none to calibrate on"


@dataclass(frozen=True)
class Calibration:
    """The samples that ranges are chosen from."""

    whole: Dataset
    places: tuple[int, ...]
    """Of the calibration samples in the whole; ascending."""

    @property
    def samples(self) -> Dataset:
        """Those to calibrate on."""
        return Part(self.whole, self.places)


def calibration_of(loaded: LoadedSpec, limit: int | None, wanted: int | None) -> Calibration:
    """Draw the calibration samples, by class where there are classes.

    Args:
        loaded: the spec; its dataset's seed steers the draw. With `order: file`, and in a stream,
            the first samples are taken.
        limit: most samples to use in all; None for the spec's.
        wanted: how many to calibrate on; None for half, at most 200; 20 stay unseen.

    Raises:
        UsageError: no dataset, or a wanted number that leaves too few on either side.
        TooFewSamples: fewer than any number could be calibrated on and judged by.
        DatasetUnreadable: a sample cannot be read.
    """
    spec = loaded.spec
    section = spec.dataset
    if section is None:
        raise UsageError(
            "the spec has no `dataset`, and this scheme chooses ranges from samples",
            hint="add `dataset: {path: ...}` with samples like those of the device",
        )
    is_ordered = section.order == "file" or spec.state == "stream"
    changes: dict[str, object] = {"order": "file"} if is_ordered else {}
    if limit is not None:
        changes["limit"] = limit
    base = loaded.source.parent
    names = read_class_names(spec.model.labels, base)
    truth: Truth = "classes" if spec.model.task == "classification" else "none"
    whole = open_dataset(section.model_copy(update=changes), base, spec.inputs, names, truth)
    count = calibration_count(len(whole), wanted, otherwise=_UNCALIBRATED)
    classes = None if is_ordered else classes_of(whole)
    if classes is None:
        drawn = tuple(select(len(whole), count, section.seed, in_file_order=is_ordered))
    else:
        drawn = stratified(classes, count, section.seed)
    return Calibration(whole, drawn)
