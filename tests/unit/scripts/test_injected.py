"""The faults of the benchmark: what they put in is what they say, and nothing else changes."""

import hashlib
import io
import math
import shutil
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from faults.bases.build import RECIPES
from faults.case import Base, deploy
from faults.child import tensorflow
from faults.injected import FAULTS, firmware
from faults.injected.audio import resampled
from faults.injected.calibration import shifted as shifted_samples
from faults.injected.file_edits import (
    hidden,
    ranged,
    with_clipped_bias,
    with_constant,
    with_layer_times,
    without_scale,
)
from faults.injected.packaging import DAMAGES
from faults.injected.pictures import TAGS, TURNS, gray
from faults.injected.steps import LINES, applied, scaled_as, undone
from faults.injected.trained import changed_model
from faults.measure import is_same_run
from faults.prepare import prepared, write_spec
from faults.running import outputs_of
from PIL import Image, ImageOps

from edgecheck.errors import ModelFileInvalid
from edgecheck.quantization import representable_range
from edgecheck.rules.catalogue import RULES
from edgecheck.spec.load import load_spec
from edgecheck.tflite.constants import Constants
from edgecheck.tflite.layers import layers
from edgecheck.tflite.reader import read_model

MODELS = Path(__file__).parents[3] / "sample_models"
NAMES = {rule.name for rule in RULES}
PLAIN = {"spec", "data", "labels"}
SAMPLES = 18


# ---- the table ----------------------------------------------------------------------------------


def test_every_fault_is_a_rule_of_the_catalogue():
    assert {name for fault in FAULTS for name in fault.expected} <= NAMES


def test_keys_are_unique():
    assert len({fault.key for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.key)
def test_a_fault_fits_a_base_and_says_why_it_is_special(fault):
    assert any(fault.applies_to(recipe.fits) for recipe in RECIPES.values())
    if fault.also_right or fault.harm == "stated":
        assert fault.reason
    assert fault.harm == "stated" or not fault.is_note
    assert (fault.command == "match") == (fault.touches == {"dump"})


# ---- specs and data -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    """Every base without its models: samples, labels and spec."""
    return {name: _unmodelled(name, tmp_path_factory.mktemp(name)) for name in RECIPES}


def _unmodelled(name, folder):
    recipe = RECIPES[name]
    truth = recipe.write(folder / "data", np.random.default_rng(7), SAMPLES)
    spec = recipe.spec(folder / "data")
    section = spec["dataset"]
    section["path"] = str(folder / "data" / section["path"])
    if section.get("labels") == "labels.csv":
        section["labels"] = str(folder / "data" / "labels.csv")
    write_spec(folder / "spec.yaml", spec)
    rows = prepared(folder / "spec.yaml")
    np.savez(folder / "rows.npz", **rows, labels=truth)
    np.savez(folder / "training.npz", **rows, labels=truth)
    return Base(name, 0, folder, recipe.fits, recipe.groups)


def _contents(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in files}


def _fitting(fault):
    return [name for name, recipe in RECIPES.items() if fault.applies_to(recipe.fits)]


# The bases take turns.
SPEC_FAULTS = [
    (fault, _fitting(fault)[number % len(_fitting(fault))])
    for number, fault in enumerate(FAULTS)
    if fault.touches <= PLAIN
]


@pytest.mark.parametrize(("fault", "name"), SPEC_FAULTS, ids=lambda x: getattr(x, "key", x))
def test_a_fault_of_spec_or_data_changes_what_it_says_and_nothing_of_the_base(
    fault, name, bases, tmp_path
):
    base = bases[name]
    before, spec = _contents(base.folder), base.spec()
    site = fault.inject(deploy(base, tmp_path), np.random.default_rng(1))
    assert _contents(base.folder) == before
    assert (site.spec["inputs"] != spec["inputs"]) <= ("spec" in fault.touches)
    assert (site.spec["model"] != spec["model"]) <= ("labels" in fault.touches)
    assert (tmp_path / "data").exists() == ("data" in fault.touches)
    assert site.spec != spec
    write_spec(tmp_path / "spec.yaml", site.spec)
    load_spec(tmp_path / "spec.yaml")
    if fault.harm == "input":
        _check_rows(prepared(tmp_path / "spec.yaml"), base.rows())


def _check_rows(found, healthy):
    assert found.keys() == healthy.keys()
    assert all(found[name].shape == rows.shape for name, rows in healthy.items())
    assert any(not np.allclose(found[name], rows) for name, rows in healthy.items())


def _injected(key, base, folder, seed=1):
    (fault,) = (fault for fault in FAULTS if fault.key == key)
    site = fault.inject(deploy(base, folder), np.random.default_rng(seed))
    write_spec(folder / "spec.yaml", site.spec)
    return site


@pytest.mark.parametrize("variant", ["unit", "imagenet", "half"])
def test_pixels_in_another_range_are_the_formula_of_that_range(variant, bases, tmp_path):
    base = bases["signs"]
    _injected(f"input-range-mismatch.{variant}-for-signed", base, tmp_path)
    pixel = (base.rows()["image"].astype(np.float64) + 1) * 127.5
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    wanted = {"unit": pixel / 255, "half": pixel / 128, "imagenet": (pixel / 255 - mean) / std}
    np.testing.assert_allclose(
        prepared(tmp_path / "spec.yaml")["image"], wanted[variant], rtol=1e-4, atol=1e-4
    )


def test_normalised_twice_is_the_line_applied_twice(bases, tmp_path):
    base = bases["signs"]
    _injected("input-double-normalized.twice-signed", base, tmp_path)
    wanted = base.rows()["image"] * 2 / 255 - 1
    np.testing.assert_allclose(prepared(tmp_path / "spec.yaml")["image"], wanted, atol=1e-6)


def test_bgr_exchanges_red_and_blue_before_they_are_scaled(bases, tmp_path):
    base = bases["depthwise"]
    _injected("channel-order-swapped.bgr", base, tmp_path)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    unit = base.rows()["image"] * std + mean
    wanted = (unit[..., ::-1] - mean) / std
    np.testing.assert_allclose(prepared(tmp_path / "spec.yaml")["image"], wanted, atol=1e-4)


def test_swapped_channels_are_hidden_in_gray_pictures_and_not_in_coloured_ones(bases, tmp_path):
    base = bases["depthwise"]
    shutil.copy(__file__, tmp_path / "model")  # any file: models are not run
    keys = "channel-count-mismatch.gray-files", "channel-order-swapped.bgr"
    found = [fault.inject for key in keys for fault in FAULTS if fault.key == key]
    sites = [[found[0]], found, [found[1]], []]
    made = []
    for number, injections in enumerate(sites):
        site = deploy(base, tmp_path / str(number))
        for inject in injections:
            site = inject(site, np.random.default_rng(1))
        write_spec(site.folder / "spec.yaml", site.spec)
        spec = {**site.spec, "model": {**site.spec["model"], "reference": str(tmp_path / "model")}}
        made.append(replace(site, spec=spec, candidate=tmp_path / "model"))
    gray, both, swapped, healthy = made
    assert is_same_run(both, gray)
    assert not is_same_run(both, swapped)
    assert not is_same_run(swapped, healthy)


def test_a_buffer_of_planes_is_read_element_by_element(bases, tmp_path):
    base = bases["signs"]
    _injected("layout-nchw-nhwc.buffer-reshaped", base, tmp_path)
    found, right = prepared(tmp_path / "spec.yaml")["image"], base.rows()["image"]
    flat = found[0].reshape(-1)
    height, width, depth = right.shape[1:]
    wanted = [right[0, h, w, c] for c in range(depth) for h in range(height) for w in range(width)]
    np.testing.assert_array_equal(flat, wanted)


@pytest.mark.parametrize("name", ["signs", "table", "motions"])
def test_the_same_frame_is_one_of_the_samples_for_all(name, bases, tmp_path):
    base = bases[name]
    _injected("input-constant.same-frame", base, tmp_path)
    (found,), (right,) = prepared(tmp_path / "spec.yaml").values(), base.rows().values()
    assert (found == found[0]).all()
    assert any(np.array_equal(found[0], row) for row in right)


def test_shuffled_names_leave_none_in_its_place(bases, tmp_path):
    base = bases["signs"]
    for seed in range(20):
        names = _injected("label-order-or-offset.shuffled", base, tmp_path / str(seed), seed).spec[
            "model"
        ]["labels"]
        right = base.spec()["model"]["labels"]
        assert sorted(names) == sorted(right)
        assert all(a != b for a, b in zip(names, right, strict=True))


def test_two_exchanged_names_are_two(bases, tmp_path):
    base = bases["table"]
    names = _injected("label-order-or-offset.two-exchanged", base, tmp_path).spec["model"]["labels"]
    right = base.spec()["model"]["labels"]
    assert sum(a != b for a, b in zip(names, right, strict=True)) == 2


@pytest.mark.parametrize("tag", TAGS)
def test_a_viewer_turns_a_tagged_picture_upright(tag):
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    exif = Image.Exif()
    exif[0x0112] = tag
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(TAGS[tag](pixels))).save(file, "PNG", exif=exif)
    np.testing.assert_array_equal(np.asarray(ImageOps.exif_transpose(Image.open(file))), pixels)


def test_no_turn_is_another_and_none_is_nothing():
    pixels = np.arange(16).reshape(4, 4)
    turned = {turn(pixels).tobytes() for turn in TURNS.values()}
    assert len(turned) == len(TURNS)
    assert pixels.tobytes() not in turned


# ---- formulas -----------------------------------------------------------------------------------


def test_gray_is_luminance_in_every_channel():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 3)).astype(np.uint8)
    found = gray(pixels)
    for row, column in np.ndindex(3, 4):
        red, green, blue = map(int, pixels[row, column])
        wanted = 0.299 * red + 0.587 * green + 0.114 * blue
        assert set(found[row, column]) <= {math.floor(wanted), math.ceil(wanted)}


@pytest.mark.parametrize("kind", [*LINES, "imagenet", "caffe"])
def test_steps_make_the_range_that_they_say(kind, bases):
    site = deploy(bases["signs"], bases["signs"].folder)
    steps, (low, high) = scaled_as(site, kind)
    made = applied(steps, np.array([[[[0.0] * 3, [255.0] * 3]]]))
    assert made.min() == pytest.approx(low, abs=1e-3)
    assert made.max() == pytest.approx(high, abs=1e-3)
    np.testing.assert_allclose(undone(steps, made)[0, 0, :, 0], [0, 255], atol=1e-9)


def test_a_resampled_tone_has_as_many_periods():
    time = np.arange(800) / 8000
    found = resampled(np.sin(2 * np.pi * 200 * time), 2.0)
    wanted = np.sin(2 * np.pi * 200 * np.arange(1600) / 16000)
    np.testing.assert_allclose(found[:-2], wanted[:-2], atol=0.01)


def test_shifted_samples_keep_their_spread():
    made = np.array([[-1.0, 3.0]])
    np.testing.assert_array_equal(shifted_samples(made), [[1.0, 5.0]])


REAL = np.array([-1.0, -0.5, 0.0, 0.1, 0.99, 1.0, 1.7, 300.0])


def _slow(real, scale, zero_point, round_, limit):
    codes = []
    for value in real:
        code = int(round_(float(np.float32(value) / np.float32(scale)) + zero_point))
        codes.append(limit(code))
    return codes


def _clipped(code):
    return max(-128, min(127, code))


def _low_byte(code):
    return (code + 128) % 256 - 128


def test_codes_of_firmware_are_those_of_the_c_expressions():
    scale, zero_point = 2 / 255, -1
    real = REAL.astype(np.float32)
    right = _slow(real, scale, zero_point, round, _clipped)
    assert firmware.quantized(real, scale, zero_point).tolist() == right
    wrapped = _slow(real, scale, zero_point, round, _low_byte)
    assert firmware.wrapped(real, scale, zero_point).tolist() == wrapped
    cut = _slow(real, scale, zero_point, math.trunc, _clipped)
    assert firmware.truncated(real, scale, zero_point).tolist() == cut
    twice = _slow(np.array(right), scale, zero_point, round, _clipped)
    assert firmware.quantized_twice(real, scale, zero_point).tolist() == twice
    assert firmware.cast(real).tolist() == [_low_byte(math.trunc(value)) for value in real.tolist()]
    assert firmware.meant(np.array([-128, 127], np.int8), 0.5, -1).tolist() == [-63.5, 64.0]


def test_bytes_of_firmware_are_those_of_memory():
    pixels = np.array([[[[0, 127, 128], [255, 1, 2]]]], np.uint8)
    assert firmware.pixels_viewed(pixels).tolist() == [[[[0, 127, -128], [-1, 1, 2]]]]
    number = np.array([1.0], np.float32)
    assert firmware.swapped(number).tobytes() == number.tobytes()[::-1]


def test_pictures_of_firmware_are_moved_pixel_by_pixel():
    pixels = np.arange(1 * 3 * 4 * 3).reshape(1, 3, 4, 3)
    down = firmware.shifted(pixels, rows=1, columns=2)
    for row, column in np.ndindex(3, 4):
        is_in = row >= 1 and column >= 2
        wanted = pixels[0, row - 1, column - 2] if is_in else np.zeros(3)
        np.testing.assert_array_equal(down[0, row, column], wanted)
    stream = [v for pixel in pixels.reshape(-1, 3).tolist() for v in (*pixel, 255)]
    assert firmware.packed(pixels).reshape(-1).tolist() == stream[:36]
    planar = [pixels[0, h, w, c] for c in range(3) for h in range(3) for w in range(4)]
    assert firmware.planes(pixels).reshape(-1).tolist() == planar


# ---- files --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def int8():
    return (MODELS / "digits" / "int8.tflite").read_bytes()


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_no_model(name, int8):
    damaged = DAMAGES[name](int8)
    assert damaged != int8
    with pytest.raises(ModelFileInvalid):
        read_model(damaged)


def _ranges(data):
    return {
        tensor.index: representable_range(tensor.quantization, tensor.dtype)
        for tensor in read_model(data).subgraphs[0].tensors
        if not tensor.is_constant and tensor.quantization is not None
    }


@pytest.mark.parametrize("factor", [1 / 16, 128.0])
def test_one_hidden_range_is_scaled_and_no_other(factor, int8):
    found = ranged(int8, np.random.default_rng(3), factor=factor)
    before, after = _ranges(int8), _ranges(found)
    moved = [index for index in before if not np.allclose(before[index], after[index], rtol=1e-3)]
    # What copies its codes takes the same range.
    assert set(moved) & {tensor.index for tensor in hidden(read_model(int8))}
    for index in moved:
        old, new = np.ptp(before[index]), np.ptp(after[index])
        assert new == pytest.approx(factor * old, rel=0.05)


@pytest.mark.parametrize("scale", [0.0, float("nan")])
def test_one_scale_means_nothing(scale, int8):
    found = without_scale(int8, np.random.default_rng(0), scale=scale)
    scales = [t.quantization.scales[0] for t in hidden(read_model(found))]
    assert sum(s == 0 or math.isnan(s) for s in scales) == 1


def test_clipped_biases_stand_at_the_ends_of_int32(int8):
    found = with_clipped_bias(int8, np.random.default_rng(0))
    codes = [Constants.of(found).stored(layer.bias) for layer in layers(read_model(found))]
    railed = [(np.abs(c.astype(np.int64)) >= 2**31 - 1).mean() for c in codes if c is not None]
    assert sorted(share > 0.3 for share in railed)[-2:] == [False, True]


@pytest.mark.parametrize("is_bias", [False, True])
def test_the_real_weights_of_one_layer_only_are_others(is_bias, int8):
    found = with_layer_times(int8, np.random.default_rng(0), factor=20.0, is_bias=is_bias)
    changed = [
        part
        for old, new in zip(layers(read_model(int8)), layers(read_model(found)), strict=True)
        for part in ("weights", "bias")
        if not np.allclose(
            Constants.of(int8).real(getattr(old, part)),
            Constants.of(found).real(getattr(new, part)),
        )
    ]
    assert changed == (["bias"] if is_bias else ["weights", "bias"])


def test_one_element_of_float_weights_is_not_a_number():
    data = (MODELS / "digits" / "float.tflite").read_bytes()
    found = with_constant(data, np.random.default_rng(0), value=float("nan"))
    counts = [
        int(np.isnan(Constants.of(found).real(layer.weights)).sum())
        for layer in layers(read_model(found))
    ]
    assert sum(counts) == 1


def test_a_deployment_gets_a_changed_copy(bases, tmp_path, int8):
    base = replace(bases["signs"], folder=tmp_path / "base")
    base.folder.mkdir()
    (base.folder / "spec.yaml").write_text("{}")
    (base.folder / "int8.tflite").write_bytes(int8)
    site = _injected("bias-overflow.clipped", base, tmp_path / "case")
    assert site.candidate.parent == tmp_path / "case"
    assert site.candidate.read_bytes() != int8
    assert base.model("int8").read_bytes() == int8


# ---- trained models -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(bases, tmp_path_factory):
    """The base of digits with a model that was trained for one pass, and its float file."""
    for package in ("tensorflow", "ai_edge_litert"):
        if find_spec(package) is None:
            pytest.skip(f"needs {package}, in processes of its own")
    base = replace(bases["digits"], folder=tmp_path_factory.mktemp("trained"))
    for file in bases["digits"].folder.glob("*.*"):
        shutil.copy(file, base.folder)
    tensorflow().call(
        "faults.bases.training:train",
        network=RECIPES["digits"].network,
        training=base.folder / "training.npz",
        out=base.keras,
        seed=1,
        epochs=1,
    )
    base.convert(base.model("float"), "float")
    return base


def _outputs(base, folder, job, **settings):
    folder.mkdir(exist_ok=True)
    site = changed_model(deploy(base, folder), job, form="float", **settings)
    return outputs_of(site.candidate, base.rows())["scores"]


def test_channels_that_are_scaled_and_scaled_back_leave_the_float_model_as_it_was(
    trained, tmp_path
):
    right = outputs_of(trained.model("float"), trained.rows())["scores"]
    job = "faults.injected.channel_jobs:with_channels_times"
    found = _outputs(trained, tmp_path, job, factors=[100.0, 1.0, 0.25], layer=0)
    np.testing.assert_allclose(found, right, atol=1e-5)


def test_dead_units_give_one_answer_and_new_weights_another(trained, tmp_path):
    right = outputs_of(trained.model("float"), trained.rows())["scores"]
    dead = _outputs(trained, tmp_path / "dead", "dead", shift=-1000.0, share=1.0)
    assert np.ptp(dead, axis=0).max() < 1e-6
    assert np.ptp(right, axis=0).max() > 1e-6
    drawn = _outputs(trained, tmp_path / "drawn", "untrained", seed=5)
    assert not np.allclose(drawn, right, atol=1e-3)


def test_a_rescaling_in_front_is_its_line(trained, tmp_path):
    halved = {"image": trained.rows()["image"] * 0.5 + 0.1}
    right = outputs_of(trained.model("float"), halved)["scores"]
    found = _outputs(trained, tmp_path, "with_rescaling", scale=0.5, offset=0.1)
    np.testing.assert_allclose(found, right, atol=1e-5)
