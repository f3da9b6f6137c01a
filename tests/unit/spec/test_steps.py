import pytest
from pydantic import ValidationError

from edgecheck.spec import audio_steps as a
from edgecheck.spec import steps as s
from edgecheck.spec.image_steps import METHODS
from edgecheck.spec.model import InputSpec

CLASSES = (
    s.Decode, s.ToGray, s.ChannelOrder, s.Resize, s.Crop, s.CenterCrop, s.Rescale, s.Normalize, s.Standardize, s.MinMax,
    s.Transpose, s.Cast, s.Preset, s.Reshape, a.Mono, a.Resample, a.TrimOrPad, a.PeakNormalize,
    a.Frame, a.Stft, a.LogMel, a.Mfcc,
)  # fmt: skip


def test_steps_are_typed_and_in_order(load, full):
    inputs = load(full).spec.inputs
    assert inputs["image"].steps == (
        s.Decode(color="RGB", exif="ignore"),
        s.Resize(size=(96, 128), method="area", implementation="pillow"),
        s.ChannelOrder(order="BGR"),
        s.Rescale(scale=0.002, offset=-1.0),
        s.Normalize(mean=(0.5, 0.4, 0.3), std=0.25),
        s.MinMax(min=0.0, max=(1.0, 2.0, 3.0)),
        s.Standardize(),
        s.Transpose(axes=(2, 0, 1)),
        s.Cast(dtype="float32"),
    )
    assert inputs["gray"].steps == (
        s.ToGray(),
        s.MinMax(),
        s.Preset(name="keras/mobilenet_v2"),
        s.CenterCrop(size=96),
        s.Crop(top=0, left=1, height=2, width=3),
    )


def test_full_spec_uses_every_step(load, full):
    used = {type(step) for part in load(full).spec.inputs.values() for step in part.steps}
    assert used == set(CLASSES)


@pytest.mark.parametrize("written", ["to-gray", {"to-gray": None}, {"to-gray": {}}])
def test_step_without_settings_has_three_spellings(written):
    assert InputSpec(kind="image", steps=(written,)).steps == (s.ToGray(),)


def test_steps_can_be_built_in_python():
    step = s.Resize(size=(4, 5))
    assert InputSpec(kind="image", steps=(step,)).steps == (step,)
    with pytest.raises(ValidationError):
        s.Resize(size=(4, 5), method="cubic")


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ("resise: {size: [1, 2]}", "7:7: S.resise: unknown step 'resise'; did you mean 'resize'? (allowed: decode, "),
        ("resize", "7:7: S: missing key 'size'"),
        ("resize: {}", "7:7: S.resize: missing key 'size'"),
        ("resize: {size: [1]}", "7:22: S.resize.size: found a list of 1, expected exactly 2"),
        ("resize: {size: []}", "7:22: S.resize.size: found a list of 0, expected exactly 2"),
        ("resize: {size: [1, 2, 3]}", "7:22: S.resize.size: found a list of 3, expected exactly 2"),
        ("resize: {size: [1, 99999]}", "7:26: S.resize.size[1]: found 99999, expected at most 16384"),
        ("resize: {size: [1, 2], methd: area}", "7:30: S.resize.methd: unknown key 'methd'; did you mean 'method'? (allowed: size, method, antialias, fit, pad_value, crop_padding, implementation)"),
        ("resize: {size: [1, 2], method: biliner}", "7:38: S.resize.method: found 'biliner', expected one of nearest, bilinear, bicubic, area, lanczos, lanczos5, mitchellcubic; did you mean 'bilinear'?"),
        ("resize: {size: 0}", "7:22: S.resize.size: found 0, expected at least 1"),
        ("resize: {size: a}", "7:22: S.resize.size: found 'a', expected a whole number, or a list of them"),
        ("resize: {size: [1, 2], method: lanczos3}", "7:38: S.resize.method: found 'lanczos3', expected one of nearest, bilinear, bicubic, area, lanczos, lanczos5, mitchellcubic; did you mean 'lanczos'?"),
        ("resize: {size: [1, 2], method: lanczos5, antialias: true, implementation: pillow}", "7:38: S.resize.method: Pillow has no lanczos5, only area, bicubic, bilinear, lanczos, nearest"),
        ("resize: {size: [1, 2], pad_value: 0}", "7:41: S.resize.pad_value: only `fit: letterbox` uses pad_value"),
        ("resize: {size: [1, 1], crop_padding: 32}", "7:44: S.resize.crop_padding: only `fit: crop-padding` uses crop_padding"),
        ("resize: {size: 9, fit: letterbox}", "7:22: S.resize.size: `fit: letterbox` needs a size of [height, width]"),
        ("resize: {size: [1, 2], fit: crop-padding}", "7:22: S.resize.size: crop-padding is defined for a square size only"),
        ("decode: {depth: 16}", "7:23: S.decode.depth: 16 bits need `color: L`, found RGB"),
        ("decode: {depth: 12}", "7:23: S.decode.depth: found 12, expected one of 8, 16"),
        ("crop: {top: 0, left: 0, height: 4}", "7:7: S.crop: missing key 'width'"),
        ("crop: {top: -1, left: 0, height: 4, width: 4}", "7:19: S.crop.top: found -1, expected at least 0"),
        ("center-crop", "7:7: S: 'center-crop' needs a value, as in `- center-crop: 224`"),
        ("preset: torchvision/mobilenetv2", "7:15: S.preset: unknown preset 'torchvision/mobilenetv2'; did you mean 'torchvision/mobilenet_v2'?"),
        ("to-gray: {a: 1}", "7:17: S.to-gray.a: unknown key 'a'; nothing can be set here"),
        ("cast", "7:7: S: 'cast' needs a value, as in `- cast: float32`"),
        ("cast: flot32", "7:13: S.cast: found 'flot32', expected one of float32, uint8, int8, int16, int32; did you mean 'float32'?"),
        ("preset: keras/mobilnet", "7:15: S.preset: unknown preset 'keras/mobilnet'; did you mean 'keras/mobilenet'?"),
        ("preset: 3", "7:15: S.preset: found 3, expected text; put it in quotes"),
        ("transpose: [0, 0]", "7:18: S.transpose: expected each axis from 0 to 1 exactly once"),
        ("transpose: [1, 2, 3]", "7:18: S.transpose: expected each axis from 0 to 2 exactly once"),
        ("transpose: []", "7:18: S.transpose: found a list of 0, expected at least 1"),
        ("transpose: 1", "7:18: S.transpose: found 1, expected a list"),
        ("normalize: {mean: x, std: 1}", "7:25: S.normalize.mean: found 'x', expected a number, or a list of them"),
        ("normalize: {mean: [1, x], std: 1}", "7:29: S.normalize.mean[1]: found 'x', expected a number"),
        ("normalize: {mean: 1, std: 0}", "7:33: S.normalize.std: found 0, expected a std greater than 0"),
        ("normalize: {mean: 1, std: [1, -2]}", "7:37: S.normalize.std[1]: found -2, expected a std greater than 0"),
        ("normalize: {mean: [1, 2], std: [1]}", "7:38: S.normalize.std: found 1 numbers, expected 2 as in mean"),
        ("minmax: {min: 1}", "7:15: S.minmax: give both min and max, or neither"),
        ("minmax: {min: 1, max: 1}", "7:29: S.minmax.max: found max 1, expected more than min, which is 1"),
        ("minmax: {min: [0, 5], max: 4}", "7:34: S.minmax.max: found max 4, expected more than min, which is 5"),
        ("minmax: {min: 1, max: [2, 0.5]}", "7:33: S.minmax.max[1]: found max 0.5, expected more than min"),
        ("rescale: {scale: .inf}", "7:24: S.rescale.scale: found .inf, expected a finite number"),
        ("rescale: {scale: -.inf}", "7:24: S.rescale.scale: found -.inf, expected a finite number"),
        ("rescale: {scale: .nan}", "7:24: S.rescale.scale: found .nan, expected a finite number"),
        ("rescale: {scale: true}", "7:24: S.rescale.scale: found true, expected a number"),
        ("rescale: {scale: '3'}", "7:24: S.rescale.scale: found '3', expected a number; remove the quotes"),
        ("{cast: int8, decode: {}}", "7:7: S: found a mapping with 2 keys, expected a step"),
        ("3", "7:7: S: found 3, expected a step"),
        ("[cast, int8]", "7:7: S: found a list of 2, expected a step"),
    ],
)  # fmt: skip
def test_wrong_step_is_explained_at_its_place(step_problems, step, problem):
    (found,) = step_problems(step)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("implementation", "method"),
    [(name, method) for name, methods in METHODS.items() for method in sorted(methods)],
)
@pytest.mark.parametrize("antialias", [False, True])
def test_antialias_is_refused_exactly_where_the_library_cannot_do_it(
    implementation, method, antialias
):
    allowed = {
        ("tensorflow", "nearest"): {False},
        ("tensorflow", "bilinear"): {False, True},
        ("tensorflow", "bicubic"): {False, True},
        ("tensorflow", "lanczos"): {False, True},
        ("tensorflow", "lanczos5"): {False, True},
        ("tensorflow", "mitchellcubic"): {False, True},
        ("tensorflow", "area"): {False},
        ("pillow", "nearest"): {False},
        ("pillow", "bilinear"): {True},
        ("pillow", "bicubic"): {True},
        ("pillow", "lanczos"): {True},
        ("pillow", "area"): {False, True},
    }
    values = {"method": method, "implementation": implementation, "antialias": antialias}
    try:
        s.Resize(size=(1, 1), **values)
    except ValidationError:
        accepted = False
    else:
        accepted = True
    # cv2.resize has no such choice.
    assert accepted == (antialias in allowed.get((implementation, method), {False}))


@pytest.mark.parametrize(
    ("settings", "column", "words"),
    [
        ("antialias: true, method: nearest", 41, "tf.image.resize ignores antialias with nearest"),
        ("antialias: true, method: area", 41, "tf.image.resize ignores antialias with area"),
        (
            "antialias: true, implementation: opencv",
            41,
            "cv2.resize ignores antialias with bilinear",
        ),
        ("implementation: pillow", 15, "Pillow always antialiases when it shrinks"),
        ("implementation: pillow, antialias: false", 65, "`antialias: true`"),
    ],
)
def test_antialias_problem_says_why(step_problems, settings, column, words):
    (found,) = step_problems(f"resize: {{size: [1, 2], {settings}}}")
    assert found.startswith(f"7:{column}: S.resize")
    assert words in found
