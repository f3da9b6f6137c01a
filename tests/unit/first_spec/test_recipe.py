import json

import numpy as np
import pytest
from PIL import Image

from edgecheck.errors import InputMissing, UnusableError, UsageError
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.spec.keras_presets import KERAS_MODES
from edgecheck.spec.presets import PRESETS

CLIP = {
    "crop_size": {"height": 24, "width": 24},
    "do_center_crop": True,
    "do_convert_rgb": True,
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_processor_type": "CLIPImageProcessor",
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "resample": 3,
    "rescale_factor": 0.00392156862745098,
    "size": {"shortest_edge": 24},
}
VIT = {
    "do_normalize": True,
    "do_resize": True,
    "feature_extractor_type": "ViTFeatureExtractor",
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "resample": 2,
    "size": 24,
}


@pytest.fixture
def config(tmp_path):
    def write(values):
        path = tmp_path / "preprocessor_config.json"
        path.write_text(json.dumps(values))
        return path

    return write


def only(spec):
    (entry,) = spec.inputs.values()
    return entry


def test_a_clip_config_is_resize_crop_rescale_normalize(model_of, draft, config, png):
    """Against Pillow and numpy, in the order of CLIPImageProcessor, written out."""
    _, spec = draft(model_of((1, 24, 24, 3)), source=config(CLIP))
    pixels = np.random.default_rng(1).integers(0, 256, (60, 45, 3), np.uint8)
    image = Image.fromarray(pixels).resize((24, int(24 * 60 / 45)), Image.Resampling.BICUBIC)
    top = (image.height - 24) // 2
    cut = np.asarray(image)[top : top + 24] / 255
    expected = (cut - CLIP["image_mean"]) / CLIP["image_std"]
    found = Pipeline("image", only(spec))((png(pixels),), ["a.png"])[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert only(spec).range == pytest.approx((-1.793, 2.146), abs=0.001)


def test_an_old_config_with_one_number_is_a_square_and_rescales(model_of, draft, config, png):
    text, spec = draft(model_of((1, 24, 24, 3)), source=config(VIT).parent)
    pixels = np.random.default_rng(2).integers(0, 256, (60, 45, 3), np.uint8)
    image = Image.fromarray(pixels).resize((24, 24), Image.Resampling.BILINEAR)
    found = Pipeline("image", only(spec))((png(pixels),), ["a.png"])[0]
    np.testing.assert_allclose(found, np.asarray(image) / 127.5 - 1, atol=1e-5)
    assert "guessed: size, resample of preprocessor_config.json; one number" in text


@pytest.mark.parametrize("values", [{"foo": 1}, {}, {"image_processor_type": "ViTImageProcessor"}])
def test_a_file_without_a_known_key_is_refused_with_those_expected(model_of, draft, config, values):
    with pytest.raises(UsageError, match=r"expected sampling_rate for sound, .*image_mean"):
        draft(model_of((1, 24, 24, 3)), source=config(values))


def test_a_key_that_is_not_there_is_a_guessed_default_and_never_cited(model_of, draft, config):
    values = {"image_processor_type": "ViTImageProcessor", "size": 24, "image_mean": [0.5]}
    text, spec = draft(model_of((1, 24, 24, 3)), source=config(values))
    said = " ".join(text.replace("#", "").split())
    assert (
        "guessed: default of rescale_factor, do_rescale, which preprocessor_config.json leaves out"
        in said
    )
    assert "rescale_factor of preprocessor_config.json" not in said
    assert "guessed: default of resample, do_resize, which" in said
    assert "size of preprocessor_config.json" in said
    assert "guessed: what the steps of preprocessor_config.json make of pixels" in said
    assert "TODO: preprocessor_config.json gives no image_mean and image_std" in said
    assert [step.key for step in only(spec).steps] == ["decode", "resize", "rescale"]


def test_a_config_that_states_all_leaves_nothing_of_it_to_guess(model_of, draft, config):
    text, _ = draft(model_of((1, 24, 24, 3)), source=config(CLIP))
    assert "default of" not in text
    assert "rescale_factor of preprocessor_config.json" in text


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"do_resize": False}, ["decode", "center-crop", "rescale", "normalize"]),
        ({"do_center_crop": False}, ["decode", "resize", "rescale", "normalize"]),
        ({"do_rescale": False}, ["decode", "resize", "center-crop", "normalize"]),
        ({"do_normalize": False}, ["decode", "resize", "center-crop", "rescale"]),
        (
            {"do_flip_channel_order": True, "do_normalize": False},
            ["decode", "resize", "center-crop", "channel-order", "rescale"],
        ),
    ],
)
def test_only_what_is_switched_on_is_written(model_of, draft, config, changes, keys):
    _, spec = draft(model_of((1, 24, 24, 3)), source=config({**CLIP, **changes}))
    assert [step.key for step in only(spec).steps] == keys


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"size": {"shortest_edge": 800, "longest_edge": 1333}}, "gives no fixed size"),
        ({"resample": 5}, "resample is 5"),
        ({"do_pad": True}, "sets do_pad"),
        ({"image_processor_type": "ConvNextImageProcessor"}, "another side than"),
        ({"crop_size": 12}, "the steps make (12, 12), but the model takes (24, 24)"),
    ],
)
def test_what_no_step_can_do_is_left_as_a_todo(model_of, draft, config, changes, said):
    text, _ = draft(model_of((1, 24, 24, 3)), source=config({**CLIP, **changes}))
    assert said in " ".join(text.replace("#", "").split())


@pytest.mark.parametrize(
    "changes",
    [
        {"size": {"shortest_edge": -3}},
        {"size": {"shortest_edge": 10**9}},
        {"size": "224"},
        {"image_std": [0, 0, 0]},
        {"image_mean": [1, 2]},
        {"resample": True},
        {"do_resize": "yes"},
        {"crop_size": {"height": 3}},
        {"rescale_factor": [1]},
    ],
)
def test_a_config_that_cannot_be_is_refused(model_of, draft, config, changes):
    with pytest.raises(UnusableError, match=r"preprocessor_config\.json"):
        draft(model_of((1, 24, 24, 3)), source=config({**CLIP, **changes}))


def test_a_recipe_for_other_channels_or_no_image_is_refused(model_of, draft, config):
    with pytest.raises(UsageError, match="do not work on 1 channels"):
        draft(model_of((1, 24, 24, 1)), source=config(CLIP))
    with pytest.raises(UsageError, match="is about image"):
        draft(model_of((1, 640)), source="keras/vgg16")


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_gives_a_valid_spec(model_of, draft, name):
    _, spec = draft(model_of((1, 224, 224, 3)), source=name)
    assert only(spec).steps[-1].name == name
    sized = [step.key for step in only(spec).steps if step.key == "resize"]
    assert sized == (["resize"] if name in KERAS_MODES else [])
    assert only(spec).range is not None


def test_a_whisper_config_is_its_log_mel_and_says_what_is_missing(model_of, draft, config):
    values = {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "chunk_length": 30,
        "feature_size": 80,
        "hop_length": 160,
        "n_fft": 400,
        "n_samples": 480000,
        "sampling_rate": 16000,
    }
    text, spec = draft(model_of((1, 80, 3000)), source=config(values))
    entry = only(spec)
    assert (entry.kind, entry.sample_rate) == ("audio", 16000)
    steps = {step.key: step for step in entry.steps}
    assert list(steps) == ["resample", "trim-or-pad", "stft", "log-mel"]
    assert steps["trim-or-pad"].samples == 480000
    assert (steps["stft"].window, steps["stft"].step, steps["stft"].power) == (400, 160, 2)
    assert (steps["log-mel"].bins, steps["log-mel"].high_hz) == (80, 8000)
    said = " ".join(text.replace("#", "").split())
    assert "n_samples of preprocessor_config.json" in said
    assert "guessed: default of frequency_min, frequency_max, which preprocessor_config" in said
    assert "chunk_length" not in said
    assert "TODO: WhisperFeatureExtractor drops the last frame" in text


def test_a_waveform_config_standardizes_each_clip(model_of, draft, config):
    values = {
        "feature_extractor_type": "Wav2Vec2FeatureExtractor",
        "do_normalize": True,
        "feature_size": 1,
        "sampling_rate": 16000,
    }
    _, spec = draft(model_of((1, 16000)), source=config(values))
    assert [step.key for step in only(spec).steps] == ["resample", "standardize"]


@pytest.mark.parametrize(
    "changes", [{"sampling_rate": 0}, {"n_fft": -3}, {"hop_length": 10**12}, {"feature_size": 9999}]
)
def test_an_audio_config_that_cannot_be_is_refused(model_of, draft, config, changes):
    values = {"sampling_rate": 16000, "hop_length": 160, "n_fft": 400, "feature_size": 80}
    with pytest.raises(UnusableError, match=r"preprocessor_config\.json"):
        draft(model_of((1, 80, 3000)), source=config({**values, **changes}))


@pytest.mark.parametrize("source", ["keras/mobilenetv2", "", "x" * 5000])
def test_a_source_that_is_neither_file_nor_preset_is_refused(model_of, draft, source):
    with pytest.raises((UsageError, InputMissing)):
        draft(model_of((1, 24, 24, 3)), source=source)
