import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecheck.preprocess.opencv import TAPS, resize_opencv

INTERPOLATIONS = {
    "nearest": "INTER_NEAREST",
    "bilinear": "INTER_LINEAR",
    "bicubic": "INTER_CUBIC",
    "area": "INTER_AREA",
}
SIDE = st.integers(1, 80)


@pytest.fixture(scope="module")
def cv2():
    return pytest.importorskip("cv2", reason="opencv is the oracle here")


def pixels(shape, dtype="uint8", seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(dtype)


def assert_as_opencv(cv2, image, size, method):
    interpolation = getattr(cv2, INTERPOLATIONS[method])
    expected = cv2.resize(image, (size[1], size[0]), interpolation=interpolation)
    expected = expected.reshape(*size, image.shape[2])
    found = resize_opencv(image[None], size, method)[0]
    assert found.dtype == expected.dtype
    limit = 0 if method == "nearest" else 1 if image.dtype == np.uint8 else 0.01
    difference = np.abs(found.astype(np.float64) - expected)
    assert difference.max() <= limit


@pytest.mark.parametrize("method", sorted(INTERPOLATIONS))
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(
    ("source", "size"),
    [
        ((480, 640), (224, 224)),
        ((96, 128), (48, 64)),
        ((31, 17), (64, 80)),
        ((31, 90), (64, 45)),
        ((101, 67), (28, 133)),
        ((1, 1), (5, 3)),
        ((1, 9), (4, 1)),
    ],
)
def test_sizes_up_and_down_are_those_of_opencv(cv2, method, dtype, channels, source, size):
    assert_as_opencv(cv2, pixels((*source, channels), dtype), size, method)


@pytest.mark.parametrize("method", sorted(INTERPOLATIONS))
@settings(max_examples=60, deadline=None)
@given(height=SIDE, width=SIDE, out=st.tuples(SIDE, SIDE), seed=st.integers(0, 99))
def test_any_size_is_that_of_opencv(cv2, method, height, width, out, seed):
    assert_as_opencv(cv2, pixels((height, width, 3), seed=seed), out, method)


@pytest.mark.parametrize("taps", sorted(TAPS))
@given(in_size=st.integers(1, 500), out_size=st.integers(1, 500))
def test_weights_add_up_to_one_and_indices_lie_inside(taps, in_size, out_size):
    found = TAPS[taps](in_size, out_size)
    assert found.indices.min() >= 0
    assert found.indices.max() < in_size
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, atol=1e-5)


def test_an_image_of_one_colour_stays_so_without_opencv_too():
    image = np.full((1, 13, 7, 3), 200, np.uint8)
    for method in INTERPOLATIONS:
        for size in ((5, 5), (29, 3), (40, 41)):
            assert (resize_opencv(image, size, method) == 200).all()
