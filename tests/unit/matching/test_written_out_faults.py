"""The faults of application code, written out with numpy and Pillow and not taken from the bank."""

import io
from dataclasses import replace

import numpy as np
import pytest
from receivers import usual_cases

from edgecheck.matching.inputs import explain_input
from edgecheck.matching.redone import Redone

CASES = usual_cases()
COLOUR = ("int8 signed", "uint8 raw", "float", "wide")
ALL = (*COLOUR, "gray")


def scaled(own, pixels):
    """Pixels as the spec of a case scales them."""
    scale, offset = np.asarray(own.receiver.lines).T
    return (pixels * scale + offset).astype(np.float32)


def gray_of(own):
    from PIL import Image

    gray = [np.asarray(Image.fromarray(each).convert("L")) for each in own.pixels]
    return np.repeat(np.stack(gray)[..., None], 3, axis=-1)


def small_and_back(own, method):
    from PIL import Image

    def once(pixels):
        image = Image.fromarray(pixels.squeeze())
        width, height = image.size
        return np.asarray(image.resize((width // 2, height // 2), method).resize((width, height)))

    return np.stack([once(each) for each in own.pixels]).reshape(own.pixels.shape)


def jpeg(own, quality):
    from PIL import Image

    made = []
    for pixels in own.pixels:
        file = io.BytesIO()
        Image.fromarray(pixels.squeeze()).save(file, "JPEG", quality=quality)
        with Image.open(file) as image:
            made.append(np.asarray(image))
    return np.stack(made).reshape(own.pixels.shape)


def moved(values, down, right):
    made = np.zeros_like(values)
    height, width = values.shape[1:3]
    made[:, down:, right:] = values[:, : height - down, : width - right]
    return made


WRITTEN = {
    "bgr": (COLOUR, lambda _, x: x[..., ::-1]),
    "nchw-as-nhwc": (COLOUR, lambda _, x: x.transpose(0, 3, 1, 2).reshape(x.shape)),
    "rot90": (ALL, lambda _, x: np.rot90(x, 1, (1, 2)).reshape(x.shape)),
    "rot270": (ALL, lambda _, x: np.rot90(x, 3, (1, 2)).reshape(x.shape)),
    "flip-left-right": (ALL, lambda _, x: x[:, :, ::-1]),
    "flip-up-down": (ALL, lambda _, x: x[:, ::-1]),
    "gray-x3": (COLOUR, lambda own, _x: scaled(own, gray_of(own))),
    "raw-pixels": (("int8 signed", "float", "wide", "gray"), lambda own, _x: own.pixels),
    "unit-range": (COLOUR, lambda own, _x: own.pixels / 255),
    "signed-range": (("uint8 raw", "gray"), lambda own, _x: own.pixels / 127.5 - 1),
    "normalised-twice": (("int8 signed", "float", "wide", "gray"), scaled),
    "imagenet": (
        COLOUR,
        lambda own, _x: (own.pixels / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
    ),
    "shift": (ALL, lambda _, x: moved(x, 4, 4)),
    "shift-right": (ALL, lambda _, x: moved(x, 0, 4)),
}
WAYS = [(key, name) for key, (names, _) in WRITTEN.items() for name in names]


def told(own, dumped, others=()):
    match = explain_input(dumped, own.prepared, own.receiver, lambda: others)
    return [[mistake.key for mistake in each.mistakes] for each in match.explanations], match


@pytest.mark.parametrize(("key", "name"), WAYS)
def test_a_wrong_line_of_code_is_named(key, name):
    own = CASES[name]
    keys, match = told(own, own.fed(WRITTEN[key][1](own, own.prepared)))
    assert [key] in keys[: match.tied]
    assert not match.explanations[0].is_harmless


def codes(own, x):
    params = own.receiver.tensor.quantization
    return x / np.float32(params.scales[0]) + params.zero_points[0]


CODED = {
    "uint8-as-int8": lambda own, _x: own.pixels.view(np.int8),
    "quantized-twice": lambda own, x: own.fed(own.fed(x).astype(np.float32)),
    "cast-without-scale": lambda _, x: x.astype(np.int8),
    "unit-range+cast-without-scale": lambda own, _x: (own.pixels / 255).astype(np.int8),
    "raw-pixels+wrap-without-clip": lambda own, _x: (
        np.rint(codes(own, own.pixels.astype(np.float32))).astype(np.int64).astype(np.int8)
    ),
}


@pytest.mark.parametrize("key", list(CODED))
@pytest.mark.parametrize("name", ["int8 signed", "wide"])
def test_a_wrong_way_to_integers_is_named(key, name):
    own = CASES[name]
    dumped = CODED[key](own, own.prepared)
    keys, match = told(own, dumped)
    assert key in ["+".join(each) for each in keys[: match.tied]]
    assert match.explanations[0].exact_share > 0.99


def resized(own):
    """Pictures as a resize in floats leaves them, and the whole pixels that a device has."""
    pixels = (2.0 * own.pixels + np.roll(own.pixels, 1, 2)) / 3
    scale, offset = np.asarray(own.receiver.lines).T
    prepared = (pixels * scale + offset).astype(np.float32)
    return replace(own, pixels=np.floor(pixels + 0.5).astype(np.uint8), prepared=prepared)


def test_whole_pixels_of_resized_pictures_that_wrap_round_are_named():
    own = resized(CASES["int8 signed"])
    raw = np.rint(codes(own, np.rint((own.prepared + 1) * 127.5).astype(np.float32)))
    keys, _ = told(own, raw.astype(np.int64).astype(np.int8))
    assert keys[0] == ["raw-pixels", "wrap-without-clip"]


def test_a_wider_range_of_whole_pixels_that_is_clipped_is_named():
    own = resized(CASES["int8 signed"])
    mean, deviation = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    keys, match = told(own, own.fed((own.pixels / 255 - mean) / deviation))
    assert ["imagenet"] in keys[: match.tied]


def test_pictures_sent_as_jpeg_at_the_size_of_the_model_are_named_as_harmless():
    own = CASES["int8 signed"]
    keys, match = told(own, own.fed(scaled(own, jpeg(own, 90))))
    assert keys[0] == ["jpeg-90-resized"]
    assert match.explanations[0].is_harmless
    noise = np.random.default_rng(0).integers(0, 256, own.pixels.shape)
    assert told(own, own.fed(scaled(own, noise)))[0] == []


def test_a_wrapping_cast_that_cuts_off_too_is_named_for_its_harm():
    own = CASES["int8 signed"]
    raw = codes(own, own.pixels.astype(np.float32))
    keys, _ = told(own, raw.astype(np.int64).astype(np.int8))
    assert keys[0] == ["raw-pixels", "wrap-without-clip"]


def test_a_right_device_that_cuts_off_is_named_as_harmless():
    own = CASES["imagenet"]
    keys, match = told(own, codes(own, own.prepared).astype(np.int8))
    assert keys[0] == ["truncated"]
    assert match.explanations[0].is_harmless


@pytest.mark.parametrize("name", ALL)
def test_another_resize_and_another_decoder_are_told_apart(name):
    from PIL import Image

    own = CASES[name]
    nearest = small_and_back(own, Image.NEAREST)
    rows = {
        "jpeg-75": (jpeg(own, 75), "decoder-difference", True),
        "box": (small_and_back(own, Image.BOX), "resize-method-mismatch", False),
        "nearest": (nearest, "resize-method-mismatch", False),
    }
    others = [
        Redone(key, rule, key, scaled(own, pixels), is_harmless=harmless)
        for key, (pixels, rule, harmless) in rows.items()
    ]
    for key, (pixels, _, harmless) in rows.items():
        keys, match = told(own, own.fed(scaled(own, pixels)), iter(others))
        assert keys[0] == [key]
        assert match.explanations[0].is_harmless == harmless
    twice = nearest[:, :, ::-1]
    keys, _ = told(own, own.fed(scaled(own, twice)), iter(others))
    assert keys[0] == ["nearest", "flip-left-right"]


@pytest.mark.parametrize("own", [CASES["imagenet"], resized(CASES["imagenet"])])
def test_planes_of_pixels_are_named_where_each_channel_is_scaled_otherwise(own):
    """As firmware does that copies channels first, and then scales as if they were last."""
    planes = own.pixels.transpose(0, 3, 1, 2).reshape(own.pixels.shape)
    keys, match = told(own, own.fed(scaled(own, planes)))
    assert keys[: match.tied] == [["nchw-as-nhwc"]]
    after = own.prepared.transpose(0, 3, 1, 2).reshape(own.prepared.shape)
    assert told(own, own.fed(after))[0][0] == ["nchw-as-nhwc"]


def test_codes_made_by_hand_are_quantized_twice_whatever_else_makes_the_same():
    """Pixels minus 128 are the codes of an input of int8 in 0..1."""
    own = CASES["gray"]
    keys, match = told(own, own.fed(own.fed(own.prepared).astype(np.float32)))
    assert keys[0] == ["quantized-twice"]
    assert ["centred-pixels"] in keys[: match.tied]


def test_centred_pixels_that_are_no_codes_keep_their_name():
    own = CASES["imagenet"]
    keys, _ = told(own, own.fed(own.pixels - 128.0))
    assert keys[0] == ["centred-pixels"]
