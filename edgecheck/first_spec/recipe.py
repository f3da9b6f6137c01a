"""`edgecheck init --from`: a config file or the name of a preset."""

from pathlib import Path

from edgecheck.errors import InputMissing, UsageError
from edgecheck.first_spec.facts import Fact, Recipe, StepFact
from edgecheck.first_spec.huggingface_audio import audio_recipe, is_audio
from edgecheck.first_spec.huggingface_images import image_recipe
from edgecheck.first_spec.json_config import read_json_config
from edgecheck.spec.image_steps import CenterCrop, Resize
from edgecheck.spec.presets import PRESETS, Preset
from edgecheck.spec.wording import did_you_mean, quoted

CONFIG = "preprocessor_config.json"
"""The name of the file in a repository of Hugging Face."""


def read_recipe(source: str) -> Recipe:
    """The preprocessing of a preset, of a Hugging Face config, or of a folder that has one.

    Raises:
        UsageError: neither a preset nor a file.
        InputMissing: a file that is not there.
        UnusableError: a file that is no such config.
    """
    if source in PRESETS:
        return preset_recipe(source)
    path = config_path(source)
    if path is None:
        raise UsageError(
            f"--from {quoted(source)} is neither a file nor a preset"
            f"{did_you_mean(source, PRESETS)}",
            hint=f"give a {CONFIG}, or a preset as in --from keras/mobilenet_v2",
        )
    config = read_json_config(path)
    return audio_recipe(config) if is_audio(config) else image_recipe(config)


def config_path(source: str) -> Path | None:
    """The file that `--from` names; None where it names a preset, or nothing."""
    path = Path(source)
    try:
        if source in PRESETS:
            return None
        if path.is_dir():
            return path / CONFIG
        return path if path.is_file() or path.suffix == ".json" else None
    except (OSError, ValueError):
        raise InputMissing(f"{quoted(source)} is no path", hint="check --from") from None


def preset_recipe(name: str) -> Recipe:
    """The steps of a preset; those of torchvision resize and crop too."""
    step: StepFact = Fact(Preset(name=name), "as given by --from")
    resizes = any(isinstance(each, (Resize, CenterCrop)) for each in PRESETS[name])
    return Recipe("image", name, values=(step,), geometry=() if resizes else None)
