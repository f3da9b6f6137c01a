"""Parts of datasets: what they hold, in which chunks."""

from dataclasses import dataclass

import numpy as np
import pytest

from edgecheck.samples.chunk import Chunk
from edgecheck.samples.part import Part, without


@dataclass(frozen=True)
class Numbers:
    """Sample i has the row [i], the file b"i", label i and target i; tells what was read."""

    count: int
    read: list

    def __len__(self):
        return self.count

    def chunks(self, size):
        for first in range(0, self.count, size):
            numbers = np.arange(first, min(first + size, self.count))
            self.read.extend(numbers)
            yield Chunk(
                tuple(map(str, numbers)),
                {"x": numbers[:, None], "f": tuple(str(n).encode() for n in numbers)},
                numbers[:, None],
                numbers.astype(np.float32),
            )


@pytest.mark.parametrize("size", [1, 3, 10, 100])
def test_a_part_holds_its_samples_with_all_that_belongs_to_them(size):
    places = [0, 4, 5, 6, 11]
    part = Part(Numbers(20, []), places)
    chunks = list(part.chunks(size))
    assert len(part) == 5
    assert all(0 < len(chunk.ids) <= size for chunk in chunks)
    for chunk in chunks:
        numbers = [int(name) for name in chunk.ids]
        assert chunk.rows["x"].ravel().tolist() == numbers
        assert chunk.rows["f"] == tuple(str(n).encode() for n in numbers)
        assert chunk.labels.ravel().tolist() == chunk.targets.tolist() == numbers
    assert [int(name) for chunk in chunks for name in chunk.ids] == places


def test_nothing_after_the_last_sample_is_read():
    read = []
    list(Part(Numbers(1000, read), [1, 5]).chunks(4))
    assert len(read) == 8


def test_without_leaves_out_those_places_alone():
    rest = without((1, 3))(Numbers(5, []))
    assert [name for chunk in rest.chunks(2) for name in chunk.ids] == ["0", "2", "4"]
    assert list(Part(Numbers(5, []), []).chunks(2)) == []


def test_a_dataset_without_labels_stays_so():
    @dataclass(frozen=True)
    class Bare:
        def __len__(self):
            return 2

        def chunks(self, _size):
            yield Chunk(("a", "b"), {"x": np.zeros((2, 1))}, None)

    (chunk,) = Part(Bare(), [1]).chunks(2)
    assert (chunk.ids, chunk.labels, chunk.targets) == (("b",), None, None)
