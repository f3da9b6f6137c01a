"""Which samples new ranges are chosen from, and which are left to prove the result."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from edgecheck.runs.draft import Draft
from edgecheck.samples.chunk import Chunk, Dataset
from edgecheck.samples.holdout import calibration_count
from edgecheck.samples.part import without
from edgecheck.samples.selection import select


class Split:
    """Keeps the calibration samples out of what is validated."""

    def __init__(self, draft: Draft, calibrate: int | None) -> None:
        self._draft = draft
        self._calibrate = calibrate
        self.places: tuple[int, ...] = ()
        self.whole: Dataset | None = None

    def __call__(self, whole: Dataset) -> Dataset:
        """The samples that calibration will not see.

        Raises:
            UsageError: too many samples are asked for calibration, or too few.
            TooFewSamples: there are too few.
        """
        count = len(whole)
        wanted = calibration_count(count, self._calibrate)
        self.whole = whole
        self.places = tuple(select(count, wanted, self.seed, in_file_order=self._in_file_order))
        return without(self.places)(whole)

    @property
    def unseen(self) -> int:
        """Samples that are validated."""
        return 0 if self.whole is None else len(self.whole) - len(self.places)

    @property
    def seed(self) -> int:
        """Of the spec's dataset."""
        loaded = self._draft.spec
        return 0 if loaded is None or loaded.spec.dataset is None else loaded.spec.dataset.seed

    @property
    def _in_file_order(self) -> bool:
        loaded = self._draft.spec
        if loaded is None or loaded.spec.dataset is None:
            return False
        return loaded.spec.dataset.order == "file" or loaded.spec.state == "stream"


@dataclass(frozen=True)
class Noted:
    """A dataset that notes the ids of what is read of it, in its order."""

    whole: Dataset
    ids: dict[str, None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.whole)

    def chunks(self, size: int) -> Iterator[Chunk]:
        """Those of the whole."""
        for chunk in self.whole.chunks(size):
            self.ids.update(dict.fromkeys(chunk.ids))
            yield chunk
