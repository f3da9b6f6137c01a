"""The samples that a dump is of: by id, or the first ones."""

import numpy as np
import pytest

from edgecheck.errors import DumpUnreadable
from edgecheck.match.samples import first_samples, samples_named
from edgecheck.samples.chunk import Chunk

ROOM = 1 << 20


class Stored:
    """A dataset of rows that hold their own number."""

    def __init__(self, *ids, files=False):
        self.ids, self.files = ids, files

    def __len__(self):
        return len(self.ids)

    def chunks(self, size):
        for first in range(0, len(self.ids), min(size, 2)):
            ids = self.ids[first : first + min(size, 2)]
            rows = np.arange(first, first + len(ids))
            stored = tuple(b"%d" % row for row in rows) if self.files else rows
            yield Chunk(tuple(ids), {"x": stored}, None)


def rows(chunk):
    return [int(row) for row in chunk.rows["x"]]


@pytest.mark.parametrize("files", [False, True])
def test_samples_come_in_the_order_of_the_ids_and_may_repeat(files):
    dataset = Stored("a", "b", "c", "d", "e", files=files)
    found = samples_named(dataset, ["d", "a", "d"], ROOM)
    assert (found.ids, rows(found)) == (("d", "a", "d"), [3, 0, 3])
    assert rows(first_samples(dataset, 3, ROOM)) == [0, 1, 2]


def test_the_last_part_of_an_id_will_do_where_it_is_the_only_one():
    dataset = Stored("cat/1.png", "dog/1.png", "dog/2.png")
    assert rows(samples_named(dataset, ["2.png"], ROOM)) == [2]
    assert rows(samples_named(dataset, ["dog/1.png"], ROOM)) == [1]
    with pytest.raises(DumpUnreadable, match="several samples"):
        samples_named(dataset, ["1.png"], ROOM)


@pytest.mark.parametrize("spelled", ["/sd/img/b.png", "B.PNG", "b", "C:\\img\\B.png", "x/b"])
def test_paths_capitals_and_missing_suffixes_will_do_where_one_sample_fits(spelled):
    assert rows(samples_named(Stored("k/a.png", "k/b.png"), [spelled], ROOM)) == [1]
    with pytest.raises(DumpUnreadable, match="several samples"):
        samples_named(Stored("k/b.png", "l/b.png"), [spelled], ROOM)
    assert rows(samples_named(Stored("l/b.png", spelled), [spelled], ROOM)) == [1]


def test_a_whole_id_wins_over_the_last_part_of_another():
    assert rows(samples_named(Stored("x/a", "a", "y/a"), ["a"], ROOM)) == [1]


def test_unknown_ids_are_told_with_those_that_there_are():
    with pytest.raises(DumpUnreadable, match="2 ids") as caught:
        samples_named(Stored("a", "b"), ["a", "q", "r", "q"], ROOM)
    assert "'a', 'b'" in caught.value.hint


def test_more_rows_than_samples_need_ids():
    with pytest.raises(DumpUnreadable, match="no ids"):
        first_samples(Stored("a"), 2, ROOM)


def test_samples_as_stored_fill_no_more_than_the_room():
    dataset, row = Stored(*"abcdefgh"), 8
    assert rows(first_samples(dataset, 6, 3 * row)) == [0, 1, 2]
    assert rows(first_samples(dataset, 6, 0)) == [0]
    assert rows(samples_named(dataset, list("hbdf"), 3 * row)) == [7, 1, 3]
    assert rows(samples_named(dataset, list("hbdf"), 0)) == [7]
    files = Stored(*"abcdefgh", files=True)
    assert rows(samples_named(files, list("gfa"), 2)) == [6, 5]
