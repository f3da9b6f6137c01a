import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edgecheck.errors import DatasetUnreadable, UsageError
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.spec.model import InputSpec


def pipeline(*steps, kind="array", **fields):
    return Pipeline("x", InputSpec.model_validate({"kind": kind, "steps": steps, **fields}))


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def colours(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def names(count):
    return [f"s{number}" for number in range(count)]


DECODE = {"decode": {"color": "RGB", "exif": "apply"}}


def test_float32_rows_without_steps_are_not_copied():
    rows = np.zeros((256, 49, 10, 1), np.float32)
    assert pipeline(shape=(49, 10, 1))(rows, names(256)) is rows


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float16", "float64", ">f4"])
def test_other_types_become_native_float32(dtype):
    found = pipeline()(np.ones((4, 2), dtype), names(4))
    assert found.dtype == np.float32
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, 1)


@pytest.mark.parametrize("dtype", ["complex64", "U3", "O"])
def test_types_that_are_not_real_numbers_are_refused(dtype):
    with pytest.raises(DatasetUnreadable, match="expected real numbers"):
        pipeline()(np.ones((4, 2), dtype), names(4))


def test_the_result_is_contiguous_after_a_transpose():
    found = pipeline({"transpose": (2, 0, 1)})(colours((2, 4, 5, 3)), names(2))
    assert found.shape == (2, 3, 4, 5)
    assert found.flags.c_contiguous


def test_nan_and_infinity_pass_through():
    rows = np.array([[np.nan, np.inf, 1e300]])
    found = pipeline()(rows, names(1))
    np.testing.assert_array_equal(found, np.array([[np.nan, np.inf, np.inf]], np.float32))


def test_scalars_fit_a_shape_of_one_element():
    assert pipeline(shape=(1,))(np.arange(5.0), names(5)).shape == (5, 1)


@pytest.mark.parametrize("shape", [(4, 1), (1, 4), (5,)])
def test_a_shape_other_than_promised_names_sample_and_shapes(shape):
    rows = np.zeros((3, 4), np.float32)
    with pytest.raises(DatasetUnreadable) as caught:
        pipeline("standardize", shape=shape)(rows, names(3))
    for part in ("s0", "(4,)", str(shape), "after `standardize`"):
        assert part in caught.value.message


def test_images_are_decoded_and_processed_one_by_one():
    images = [colours((9, 7, 3), seed) for seed in range(3)]
    steps = (DECODE, {"resize": {"size": (4, 5)}}, {"rescale": {"scale": 0.5, "offset": 1.0}})
    found = pipeline(*steps, kind="image", shape=(4, 5, 3))(tuple(map(png, images)), names(3))
    expected = pipeline(*steps[1:])(np.stack(images), names(3))
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("steps", [(), ("standardize",)])
def test_image_files_need_a_decode_step(steps):
    with pytest.raises(UsageError) as caught:
        pipeline(*steps, kind="image")((png(colours((2, 2, 3))),), names(1))
    assert "- decode: {color: RGB, exif: apply}" in caught.value.hint


def test_decode_comes_first():
    with pytest.raises(UsageError, match="must be the first step"):
        pipeline("standardize", DECODE)


def test_a_broken_image_is_named():
    files = (png(colours((2, 2, 3))), b"no image")
    with pytest.raises(DatasetUnreadable, match=r"^s1: cannot be decoded"):
        pipeline(DECODE, kind="image")(files, names(2))


def test_images_of_different_shapes_are_refused():
    files = (png(colours((2, 2, 3))), png(colours((2, 3, 3))))
    with pytest.raises(DatasetUnreadable, match=r"s1: shape \(2, 3, 3\).*s0 has \(2, 2, 3\)"):
        pipeline(DECODE, kind="image")(files, names(2))


def test_decode_adds_the_channel_axis_of_gray_arrays():
    gray = {"decode": {"color": "L"}}
    assert pipeline(gray)(colours((2, 4, 5)), names(2)).shape == (2, 4, 5, 1)


@pytest.mark.parametrize("shape", [(2, 4, 5), (2, 4, 5, 1), (2, 3, 4, 5)])
def test_decoded_arrays_must_have_the_channels_of_the_colour(shape):
    with pytest.raises(DatasetUnreadable, match=r"expected \(height, width, 3\)"):
        pipeline(DECODE)(colours(shape), names(2))


def test_resize_of_arrays_needs_a_channel_axis():
    with pytest.raises(DatasetUnreadable, match="s0 to s1: resize needs images"):
        pipeline({"resize": {"size": (2, 2)}})(colours((2, 4, 5)), names(2))


def test_pillow_is_used_where_the_spec_says_so():
    images = colours((1, 30, 30, 3))
    pillow = {"size": (7, 7), "antialias": True, "implementation": "pillow"}
    expected = Image.fromarray(images[0]).resize((7, 7), Image.Resampling.BILINEAR)
    found = pipeline({"resize": pillow})(images, names(1))
    np.testing.assert_array_equal(found[0], np.asarray(expected))


NORMALIZE = {"normalize": {"mean": (1.0, 2.0, 3.0), "std": 2.0}}
TO_FIRST = {"transpose": (2, 0, 1)}


def test_nchw_normalizes_alike_before_and_after_the_transpose():
    images = colours((2, 4, 5, 3))
    before = pipeline(NORMALIZE, TO_FIRST, layout="NCHW")(images, names(2))
    after = pipeline(TO_FIRST, NORMALIZE, layout="NCHW")(images, names(2))
    stored = pipeline(NORMALIZE, layout="NCHW")(images.transpose(0, 3, 1, 2), names(2))
    np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(before, stored)


def test_channel_order_rgb_changes_nothing():
    images = colours((1, 2, 2, 3))
    np.testing.assert_array_equal(pipeline({"channel-order": "RGB"})(images, ["a"]), images)
    reversed_ = pipeline({"channel-order": "BGR"})(images, ["a"])
    np.testing.assert_array_equal(reversed_, images[..., ::-1])


STEP_LISTS = st.lists(
    st.sampled_from([{"rescale": {"scale": 0.1}}, "standardize", "minmax", NORMALIZE, "to-gray"]),
    max_size=3,
    unique_by=str,
).filter(lambda steps: "to-gray" not in steps[:-1])


@given(steps=STEP_LISTS, cut=st.integers(1, 5))
def test_results_do_not_depend_on_the_chunks(steps, cut):
    rows = colours((6, 4, 5, 3))
    before = rows.copy()
    run = pipeline(*steps)
    whole = run(rows, names(6))
    parts = [run(rows[:cut], names(cut)), run(rows[cut:], names(6 - cut))]
    np.testing.assert_allclose(whole, np.concatenate(parts), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(rows, before)


@pytest.mark.parametrize(
    "step",
    [{"normalize": {"mean": 0.0, "std": 1e-30}}, {"rescale": {"scale": 1e30}}],
)
def test_overflow_becomes_infinite_without_a_word(step):
    spec = InputSpec.model_validate({"kind": "table", "steps": (step,)})
    made = Pipeline("x", spec)(np.array([[1e308, -1e308, 0.0]]), ["a"])
    assert not np.isfinite(made[0, 0])
