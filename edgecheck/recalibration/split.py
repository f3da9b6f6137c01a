"""Which samples new ranges are chosen from, and which are left to prove the result."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from edgecheck.errors import UnusableError, UsageError
from edgecheck.runs.draft import Draft
from edgecheck.samples.chunk import Chunk, Dataset
from edgecheck.samples.part import without
from edgecheck.samples.selection import select

MOST_CALIBRATED: Final = 200
LEAST_CALIBRATED: Final = 10
LEAST_UNSEEN: Final = 20


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
            UsageError: too many samples are asked for calibration.
            UnusableError: there are too few samples.
        """
        count = len(whole)
        if count < LEAST_CALIBRATED + LEAST_UNSEEN:
            raise UnusableError(
                f"there are {count} samples: {LEAST_CALIBRATED} at least to calibrate on, and "
                f"{LEAST_UNSEEN} others to prove the result on, are needed",
                hint="give more samples in `dataset.path`, or raise `limit`",
            )
        wanted = self._calibrate or min(MOST_CALIBRATED, count // 2, count - LEAST_UNSEEN)
        if not LEAST_CALIBRATED <= wanted <= count - LEAST_UNSEEN:
            raise UsageError(
                f"--calibrate {wanted} of {count} samples",
                hint=f"give {LEAST_CALIBRATED} to {count - LEAST_UNSEEN}: {LEAST_UNSEEN} at least "
                "must stay unseen",
            )
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
