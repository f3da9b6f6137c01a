"""How far healthy answers may lie apart, by what was measured."""

import numpy as np
import pytest

from edgecheck.match.reach import reach_of, rounded_otherwise
from edgecheck.matching.likeness import tolerance
from edgecheck.quantization import QuantParams, quantize
from edgecheck.tflite.graph import Tensor

PARAMS = QuantParams((0.01,), (-3,))


def tensor(dtype, params=None):
    return Tensor(0, "y", (1, 4), (1, 4), dtype, params, 0, False, False)


CODES, FLOATS = tensor("int8", PARAMS), tensor("float32")
RIGHT = np.array([[0.0, 1.0, 0.5, 0.2], [0.1, 0.9, 0.4, 0.3]], np.float32)


def test_other_roundings_reach_both_neighbours_of_what_lies_between_codes():
    rows = np.array([[0.004, 0.006, -0.516, 0.25]], np.float32)
    up, down = rounded_otherwise({"x": rows, "z": rows}, {"x": CODES})
    right = quantize(rows, PARAMS, "int8").astype(int)
    for made, sign in ((up, 1), (down, -1)):
        apart = quantize(made["x"], PARAMS, "int8").astype(int) - right
        assert set(apart.ravel().tolist()) <= {0, sign}
        assert apart.any()
        assert made["z"] is rows


def test_floats_lose_what_float16_does_not_hold():
    rows = np.array([[1.0, 1000.0, 1e6, np.nan]], np.float32)
    up, _ = rounded_otherwise({"x": rows}, {"x": FLOATS})
    assert up["x"][0, 0] == pytest.approx(1 + 2**-11)
    assert up["x"][0, 1] == pytest.approx(1000.25)
    assert up["x"][0, 2] == 1e6
    assert np.isnan(up["x"][0, 3])


@pytest.mark.parametrize("port", [CODES, FLOATS])
def test_the_reach_is_twice_what_was_measured_of_each_sample_and_bounded(port):
    least = tolerance(port, RIGHT)
    (still,) = reach_of({"y": RIGHT}, [{"y": RIGHT}], {"y": port}).values()
    np.testing.assert_allclose(still, [[least], [least]])
    one, other = RIGHT.copy(), RIGHT.copy()
    one[0, 2] += 0.05
    other[1, 1] -= 0.5
    other[0, 0] = np.nan
    (reach,) = reach_of({"y": RIGHT}, [{"y": one}, {"y": other}], {"y": port}).values()
    np.testing.assert_allclose(reach, [[least + 0.1], [least + 1 / 8]], rtol=1e-5)
