import io

import numpy as np
import pytest
from PIL import Image

from edgecheck.preprocess.alternatives import alternatives
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.preprocess.resize_alternatives import KERNELS, resize_alternatives
from edgecheck.spec.model import Spec


def section(*steps, kind="image"):
    parts = {"version": 1, "model": {"task": "classification"}}
    return Spec.model_validate({**parts, "inputs": {"x": {"kind": kind, "steps": steps}}}).inputs[
        "x"
    ]


RESIZED = section("decode", {"resize": {"size": (8, 8)}}, {"rescale": {"scale": 2.0}})


def photo(*, orientation=1):
    """A noisy PNG, wider than high, with an EXIF tag."""
    pixels = np.random.default_rng(4).integers(0, 256, (40, 60, 3), np.uint8)
    image, exif = Image.fromarray(pixels), Image.Exif()
    exif[0x0112] = orientation
    image.save(file := io.BytesIO(), "PNG", exif=exif)
    return file.getvalue()


def by_words(spec):
    return {change.words: (change, changed) for change, changed in resize_alternatives(spec)}


def test_every_other_kernel_and_fit_is_there_once():
    found = resize_alternatives(RESIZED)
    kernels = [change for change, _ in found if change.kind == "resize"]
    assert len(kernels) == len(KERNELS) - 1
    assert [change.key for change, _ in found if change.kind == "fit"] == [
        "fit-in-a-black-letterbox",
        "fit-in-a-gray-letterbox",
        "fit-in-a-middle-gray-letterbox",
        "fit-center-crop",
        "fit-crop-padding",
    ]
    assert [change.kind for change, _ in found].count("orientation") == 1
    assert len({changed.model_dump_json() for _, changed in found}) == len(found)


def test_kernels_of_the_own_library_come_first():
    step = {"resize": {"size": (8, 8), "implementation": "pillow", "antialias": True}}
    first = [change.words for change, _ in resize_alternatives(section("decode", step))[:3]]
    assert all("by Pillow" in words for words in first)


@pytest.mark.parametrize("number", range(len(resize_alternatives(RESIZED))))
def test_every_alternative_runs_and_makes_other_samples_of_the_same_shape(number):
    change, changed = resize_alternatives(RESIZED)[number]
    turned = (photo(orientation=6),)
    before = Pipeline("x", RESIZED)(turned, ["a"])
    after = Pipeline("x", changed)(turned, ["a"])
    assert after.shape == before.shape == (1, 8, 8, 3)
    assert not np.array_equal(before, after), change.words


def test_the_steps_to_write_are_told():
    change, _ = by_words(RESIZED)["pictures resized by tf.image.resize, nearest"]
    assert change.removed == ("resize: {size: [8, 8]}",)
    assert change.added == ("resize: {size: [8, 8], method: nearest}",)


def test_settings_of_a_fit_go_with_it():
    step = {"resize": {"size": (8, 8), "fit": "letterbox", "pad_value": 7}}
    found = by_words(section("decode", step))
    change, _ = found["pictures cropped at the centre"]
    assert change.added == ("resize: {size: [8, 8], fit: center-crop}",)
    change, _ = found["pictures resized by Pillow, nearest"]
    assert "pad_value: 7" in change.added[0]
    change, _ = found["pictures in a gray letterbox"]
    assert change.added == ("resize: {size: [8, 8], fit: letterbox, pad_value: 114}",)


@pytest.mark.parametrize("pad", [0, (0, 0, 0)])
def test_a_letterbox_is_padded_with_other_values(pad):
    step = {"resize": {"size": (8, 8), "fit": "letterbox", "pad_value": pad}}
    keys = [change.key for change, _ in resize_alternatives(section("decode", step))]
    assert [key for key in keys if "letterbox" in key] == [
        "fit-in-a-gray-letterbox",
        "fit-in-a-middle-gray-letterbox",
    ]


def test_one_number_keeps_proportions_so_that_nothing_is_fitted():
    step = {"resize": {"size": 8}}
    kinds = {change.kind for change, _ in resize_alternatives(section("decode", step))}
    assert kinds == {"resize", "orientation"}


def test_a_resize_inside_a_preset_is_varied_too():
    spec = section("decode", {"preset": "torchvision/resnet18"})
    found = resize_alternatives(spec)
    assert any(change.key == "resize-nearest" for change, _ in found)
    _, changed = next(entry for entry in found if entry[0].key == "resize-nearest")
    shape = Pipeline("x", changed)((photo(),), ["a"]).shape
    assert shape == Pipeline("x", spec)((photo(),), ["a"]).shape


def test_arrays_without_a_resize_have_none():
    assert resize_alternatives(section({"rescale": {"scale": 2.0}}, kind="array")) == []
    assert alternatives(RESIZED, (8, 8, 3), (0.0, 510.0))  # those of the values are apart
