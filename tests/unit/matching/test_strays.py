"""Values that are not what the spec says: how many, in which samples, and where."""

import numpy as np
import pytest
from receivers import SIGNED, receiver

from edgecheck.matching.strays import strays_of
from edgecheck.matching.target import domain_of
from edgecheck.quantization import QuantParams

PARAMS = QuantParams((1 / 127.5,), (-1,))
ROWS = np.random.default_rng(0).uniform(-1, 1, (4, 12, 16, 3)).astype(np.float32)


def found(change):
    domain = domain_of(receiver(ROWS.shape[1:], SIGNED, dtype="int8", params=PARAMS))
    read = domain.of(ROWS)
    change(read)
    return strays_of(read, ROWS, domain)


def test_what_is_right_or_rounded_otherwise_has_no_strays():
    for step in (0, 1):
        none = found(lambda read, step=step: read.__iadd__(step))
        assert (none.rows.any(), none.share, none.place) == (False, 0.0, None)


@pytest.mark.parametrize(("box", "place"), [
    ((slice(9, 12), slice(None)), "rows 9 to 11, columns 0 to 15"),
    ((slice(0, 1), slice(2, 4)), "row 0, columns 2 to 3"),
    ((slice(None), slice(None)), None),
])  # fmt: skip
def test_samples_and_places_of_strays_are_told(box, place):
    def change(read):
        read[[1, 3], box[0], box[1]] += 40

    told = found(change)
    size = np.zeros((12, 16))[box].size
    assert told.rows.tolist() == [False, True, False, True]
    assert told.share == pytest.approx(size / (12 * 16) / 2)
    assert told.place == place
