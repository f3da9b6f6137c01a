import numpy as np
import pytest
from receivers import SIGNED, UNIT, Case, case, photos, receiver, usual_cases

from edgecheck.matching.inputs import explain_input
from edgecheck.matching.redone import Redone
from edgecheck.mistakes.bank import usual_mistakes
from edgecheck.quantization import QuantParams

CASES = usual_cases()
FAULTS = (
    "unit-range", "imagenet", "raw-pixels", "normalised-twice", "bgr", "nchw-as-nhwc", "rot90",
    "flip-left-right", "gray-x3", "uint8-as-int8", "cast-without-scale", "quantized-twice",
    "shift-left", "signed-range", "caffe", "transpose", "rgba-as-rgb", "nhwc-as-nchw",
    "pixels-as-codes", "whole-numbers", "byte-swapped", "int8-as-uint8",
)  # fmt: skip


def bank(name):
    return {each.key: each for each in usual_mistakes(CASES[name].receiver)}


def found(own: Case, dumped, others=()):
    return explain_input(dumped, own.prepared, own.receiver, lambda: others)


def keys(match):
    """Of the best explanations, all that are as good."""
    return [[each.key for each in one.mistakes] for one in match.explanations[: match.tied]]


def best(match):
    return "+".join(keys(match)[0])


SINGLE = [(name, key) for name in CASES for key in FAULTS if key in bank(name)]


@pytest.mark.parametrize(("name", "key"), SINGLE)
def test_one_mistake_is_named(name, key):
    own = CASES[name]
    dumped = own.fed(bank(name)[key].apply(own.prepared, own.receiver))
    off = np.abs(dumped.astype(float) - own.fed(own.prepared)).max()
    if dumped.dtype != np.float32 and off <= 1:
        assert keys(found(own, dumped)) == [[]]
        return
    match = found(own, dumped)
    assert [key] in keys(match)
    assert len(keys(match)) == 1 or len(np.unique(dumped)) <= 3 or key == "quantized-twice"
    assert match.explanations[0].exact_share > 0.999
    assert not match.explanations[0].is_harmless


PAIRS = (
    ("rot90", "bgr"), ("bgr", "unit-range"), ("raw-pixels", "wrap-without-clip"),
    ("nchw-as-nhwc", "raw-pixels"), ("flip-left-right", "uint8-as-int8"),
    ("bgr", "imagenet"), ("shift-left", "bgr"), ("rot90", "nchw-as-nhwc"),
    ("imagenet", "wrap-without-clip"), ("gray-x3", "unit-range"), ("transpose", "unit-range"),
)  # fmt: skip


PAIRED = [
    (name, *pair)
    for name in ("wide", "float", "gray")
    for pair in PAIRS
    if set(pair) <= set(bank(name))
]


@pytest.mark.parametrize(("name", "first", "second"), PAIRED)
def test_two_mistakes_are_named_both(name, first, second):
    own, usual = CASES[name], bank(name)
    made = usual[first].apply(own.prepared, own.receiver)
    made = usual[second].apply(made, own.receiver)
    match = found(own, own.fed(made))
    assert best(match) == f"{first}+{second}"
    assert match.explanations[0].exact_share > 0.999


@pytest.mark.parametrize("zero", [-128, -127])
def test_a_negative_that_wrapping_made_is_no_line(zero):
    """Of pixels times 255 only the low byte stays, which is minus the pixel."""
    params = QuantParams((1 / 255,), (zero,))
    own = case(photos(28, 28, source="digits", color="L"), UNIT, dtype="int8", params=params)
    raw = np.rint(own.pixels / np.float32(1 / 255)) + zero
    match = found(own, raw.astype(np.int64).astype(np.int8))
    assert best(match) == "raw-pixels+wrap-without-clip"


def test_a_negative_on_purpose_is_a_line():
    own = CASES["gray"]
    match = found(own, own.fed(1 - own.prepared))
    assert best(match) == "other-scaling"
    assert match.explanations[0].lines[0][0] == pytest.approx(-1 / 255, rel=1e-3)


@pytest.mark.parametrize("name", list(CASES))
def test_a_healthy_dump_has_no_mistake(name):
    own = CASES[name]
    match = found(own, own.fed(own.prepared))
    assert keys(match) == [[]]
    assert match.explanations[0].exact_share == 1
    assert match.explanations[0].words == "what the spec says"


@pytest.mark.parametrize("name", ["int8 signed", "uint8 raw", "gray", "imagenet"])
def test_codes_that_are_off_by_one_are_no_mistake(name):
    own = CASES[name]
    right = own.fed(own.prepared).astype(int)
    off = right + np.random.default_rng(0).integers(-1, 2, right.shape)
    limits = np.iinfo(own.receiver.tensor.dtype)
    dumped = np.clip(off, limits.min, limits.max).astype(own.receiver.tensor.dtype)
    assert keys(found(own, dumped)) == [[]]


@pytest.mark.parametrize("key", ["truncated", "floored", "truncated-quotient"])
def test_missing_rounding_is_named_as_harmless(key):
    own = CASES["imagenet"]
    match = found(own, own.fed(bank("imagenet")[key].apply(own.prepared, own.receiver)))
    assert [key] in keys(match)
    assert match.explanations[0].is_harmless
    assert match.explanations[0].mistakes[0].rule == "input-rounding-missing"


@pytest.mark.parametrize("name", ["int8 signed", "float", "gray", "imagenet"])
def test_constants_that_have_no_name_are_recovered(name):
    own = CASES[name]
    channels = own.prepared.shape[-1]
    scale, offset = np.linspace(0.6, 0.8, channels), np.linspace(-0.1, 0.1, channels)
    match = found(own, own.fed(own.prepared * scale + offset))
    assert best(match) == "other-scaling"
    own_scale, own_offset = np.asarray(own.receiver.lines).T
    right = np.stack([own_scale * scale, own_offset * scale + offset], axis=1)
    lines = np.asarray(match.explanations[0].lines)
    np.testing.assert_allclose(lines[:, 0], right[:, 0], rtol=0.01)
    reach = 255 * np.abs(right[:, 0]).max()
    np.testing.assert_allclose(lines[:, 1], right[:, 1], atol=0.01 * reach)


def test_constants_of_a_known_scaling_are_told():
    own = CASES["int8 signed"]
    made = bank("int8 signed")["imagenet"].apply(own.prepared, own.receiver)
    (first, *_) = found(own, own.fed(made)).explanations
    right = [(1 / (255 * s), -m / s) for m, s in
             ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))]  # fmt: skip
    np.testing.assert_allclose(first.lines, right)


def test_means_without_swapped_channels_have_a_name():
    own = CASES["float"]
    match = found(own, own.fed(own.pixels - np.asarray((123.68, 116.779, 103.939))))
    assert best(match) == "caffe-means"


@pytest.mark.parametrize(
    ("down", "right", "border"),
    [(3, -2, "wrapped"), (-8, 8, "zeros"), (0, 1, "noise"), (-5, 0, "wrapped"), (4, 4, "noise")],
)
@pytest.mark.parametrize("name", ["int8 signed", "gray", "float"])
def test_shifts_are_measured_whatever_comes_in_at_the_border(name, down, right, border):
    own = CASES[name]
    moved = np.roll(own.prepared, (down, right), (1, 2))
    if border != "wrapped":
        rows, columns = np.arange(moved.shape[1]) - down, np.arange(moved.shape[2]) - right
        outside = (rows < 0) | (rows >= len(rows))
        there = outside[:, None] | (columns < 0) | (columns >= len(columns))
        filling = np.random.default_rng(0).uniform(-1, 1, moved.shape).astype(np.float32)
        moved[:, there] = 0 if border == "zeros" else filling[:, there]
    match = found(own, own.fed(moved))
    (mistake,) = match.explanations[0].mistakes
    assert mistake.rule == "input-shifted"
    assert (mistake.down, mistake.right) == (down, right)
    assert match.explanations[0].exact_share > 0.999


@pytest.mark.parametrize("name", ["int8 signed", "gray", "float"])
def test_stale_rows_are_named(name):
    own = CASES[name]
    late = own.prepared[[0, *range(len(own.prepared) - 1)]]
    assert best(found(own, own.fed(late))) == "previous-sample"
    some = own.prepared.copy()
    some[[3, 7]] = own.prepared[[2, 6]]
    assert best(found(own, own.fed(some))) == "stale-samples"
    part = own.prepared.copy()
    third = part.shape[1] // 3
    part[1:, third:] = own.prepared[:-1, third:]
    assert best(found(own, own.fed(part))) == "partly-stale"
    one = np.broadcast_to(own.prepared[:1], own.prepared.shape)
    assert best(found(own, own.fed(one))) == "same-frame"


def test_a_stale_dump_may_have_another_mistake_too():
    own = CASES["int8 signed"]
    late = own.prepared[[0, *range(len(own.prepared) - 1)]][..., ::-1]
    assert best(found(own, own.fed(late))) == "bgr+previous-sample"


@pytest.mark.parametrize("name", ["int8 signed", "gray", "float"])
def test_samples_in_another_order_are_put_in_order(name):
    own = CASES[name]
    order = np.random.default_rng(2).permutation(len(own.prepared))
    match = found(own, own.fed(own.prepared[order]))
    assert keys(match) == [[]]
    assert match.explanations[0].rows == tuple(order)


def test_gray_pictures_do_not_show_an_order_of_channels():
    pixels = np.repeat(photos(32, 32).mean(axis=-1, keepdims=True).astype(np.uint8), 3, axis=-1)
    own = case(pixels, SIGNED)
    match = found(own, own.prepared[..., ::-1])
    assert keys(match) == [[]]
    assert {"bgr", "gray-x3"} <= {each.key for each in match.unseen}
    assert "rot90" not in {each.key for each in match.unseen}


def test_flat_pictures_show_no_geometry():
    levels = np.arange(0, 240, 20, dtype=np.uint8).reshape(-1, 1, 1, 1)
    own = case(np.broadcast_to(levels, (12, 32, 32, 3)), SIGNED)
    match = found(own, own.prepared)
    assert keys(match) == [[]]
    assert {"rot90", "bgr", "nchw-as-nhwc"} <= {each.key for each in match.unseen}
    assert best(found(own, (own.prepared + 1) / 2)) == "unit-range"


def test_what_symmetric_pictures_cannot_tell_apart_is_tied():
    pixels = photos(32, 32).astype(int)
    own = case(((pixels + pixels[:, :, ::-1]) // 2).astype(np.uint8), SIGNED)
    match = found(own, np.rot90(own.prepared, 2, axes=(1, 2)))
    assert {tuple(each) for each in keys(match)} == {("rot180",), ("flip-up-down",)}


def test_zeros_are_tied_with_all_that_makes_zeros():
    own = CASES["uint8 raw"]
    match = found(own, np.zeros_like(own.fed(own.prepared)))
    assert match.tied > 1
    assert ["zeros"] in keys(match)


def redone(own, rows, key, rule, *, is_harmless=False):
    yield Redone("jpeg-90", "decoder-difference", "other", own.prepared * 0.97, is_harmless=True)
    yield Redone(key, rule, "made otherwise", rows, is_harmless=is_harmless)


def blurred(own):
    return (own.prepared + np.roll(own.prepared, 1, 1) + np.roll(own.prepared, 1, 2)) / 3


def test_other_files_explain_what_no_arithmetic_does():
    own = CASES["int8 signed"]
    rows = blurred(own)
    match = found(own, own.fed(rows), redone(own, rows, "nearest", "resize-method-mismatch"))
    assert best(match) == "nearest"
    assert match.explanations[0].exact_share == 1
    jpeg = redone(own, rows, "jpeg-75", "decoder-difference", is_harmless=True)
    assert found(own, own.fed(rows), jpeg).explanations[0].is_harmless


def test_other_files_and_a_mistake_are_named_both():
    own = CASES["int8 signed"]
    rows = blurred(own)
    others = redone(own, rows, "nearest", "resize-method-mismatch")
    assert best(found(own, own.fed(rows[..., ::-1]), others)) == "nearest+bgr"


def test_other_files_are_not_asked_where_less_explains_all():
    own = CASES["int8 signed"]

    def refuse():
        raise AssertionError("asked")
        yield

    assert best(found(own, own.fed(own.prepared[..., ::-1]), refuse())) == "bgr"


@pytest.mark.parametrize("name", list(CASES))
def test_noise_is_explained_by_nothing(name):
    own = CASES[name]
    low, high = own.prepared.min(), own.prepared.max()
    noise = np.random.default_rng(3).uniform(low, high, own.prepared.shape)
    match = found(own, own.fed(noise))
    assert match.explanations == ()
    assert match.nearest.residual > 0
    assert match.nearest.exact_share < 0.5


def test_nearly_the_right_pictures_are_nearest_to_none():
    own = CASES["int8 signed"]
    match = found(own, own.fed(blurred(own)))
    assert match.explanations == ()
    assert match.nearest.mistakes == ()


def test_uint8_bytes_in_an_int8_dump_are_the_same_bytes():
    own = CASES["int8 signed"]
    assert keys(found(own, own.fed(own.prepared).view(np.uint8))) == [[]]


def test_codes_logged_as_floats_are_codes():
    own = CASES["int8 signed"]
    assert keys(found(own, own.fed(own.prepared).astype(np.float32))) == [[]]
    assert keys(found(own, own.prepared)) == [[]]


def test_not_finite_floats_are_no_crash():
    own = CASES["float"]
    dumped = own.prepared.copy()
    dumped[:, ::2] = np.nan
    dumped[:, 1::2] = np.inf
    assert found(own, dumped).explanations == ()


def test_tables_have_their_own_mistakes():
    rng = np.random.default_rng(0)
    mean, std = np.asarray((1.0, 50.0, -3.0, 0.2)), np.asarray((1.0, 10.0, 0.5, 0.01))
    raw = rng.normal(mean, std, (40, 4))
    prepared = ((raw - mean) / std).astype(np.float32)
    steps = {"normalize": {"mean": tuple(mean), "std": tuple(std)}}
    params = QuantParams((0.03,), (0,))
    for own in (
        receiver((4,), steps, kind="table"),
        receiver((4,), steps, kind="table", dtype="int8", params=params),
    ):
        device = Case(own, raw, prepared)
        assert keys(found(device, device.fed(prepared))) == [[]]
        assert best(found(device, device.fed(raw))) == "not-normalised"
        assert best(found(device, device.fed((prepared - mean) / std))) == "normalised-twice"
        assert best(found(device, device.fed(prepared * 2 + 0.1))) == "other-scaling"
        noise = rng.normal(size=prepared.shape)
        assert found(device, device.fed(noise)).explanations == ()


def test_one_row_is_enough_for_what_one_row_shows():
    own = CASES["int8 signed"]
    one = Case(own.receiver, own.pixels[:1], own.prepared[:1])
    assert keys(found(one, one.fed(one.prepared))) == [[]]
    assert best(found(one, one.fed(one.prepared[..., ::-1]))) == "bgr"


@pytest.mark.parametrize("shape", [(3, 32, 32, 3), (12, 32, 32)])
def test_a_dump_of_another_shape_is_refused(shape):
    own = CASES["int8 signed"]
    with pytest.raises(ValueError, match="is expected"):
        found(own, np.zeros(shape, np.int8))
