"""The steps of Hugging Face's audio feature extractors, by their preprocessor_config.json.

Only what their numbers say: what a class does besides is in its code, and becomes a remark.
"""

from collections.abc import Iterator

from edgecheck.first_spec.facts import Fact, Recipe, StepFact
from edgecheck.first_spec.json_config import JsonConfig
from edgecheck.first_spec.steps import stated_step

_WHISPER_FLOOR = 1e-10
_MEL_KEYS = ("num_mel_bins", "feature_size", "frequency_min", "frequency_max", "fmin", "fmax")


def is_audio(config: JsonConfig) -> bool:
    """Whether the config is that of sound."""
    return config.values.get("sampling_rate") is not None


def audio_recipe(config: JsonConfig) -> Recipe:
    """What the config says about sound.

    Raises:
        UnusableError: a value that cannot be.
    """
    extractor = config.text("feature_extractor_type")
    rate = config.whole("sampling_rate") or config.refuse("sampling_rate", "a rate in Hz")
    return Recipe(
        kind="audio",
        origin=config.name,
        values=tuple(_steps(config, extractor, rate)),
        sample_rate=Fact(rate, f"sampling_rate of {config.name}"),
        remarks=tuple(_remarks(config, extractor)),
    )


def _steps(config: JsonConfig, extractor: str, rate: int) -> Iterator[StepFact]:
    yield stated_step(config, "resample", {"rate": rate}, ["sampling_rate"])
    samples = _samples(config, rate)
    if samples is not None:
        keys = ["n_samples"] if config.whole("n_samples") else ["chunk_length", "chunk_length_s"]
        yield stated_step(config, "trim-or-pad", {"samples": samples}, keys)
    hop, fft = config.whole("hop_length"), config.whole("n_fft") or config.whole("fft_length")
    bins = config.whole("num_mel_bins") or config.whole("feature_size")
    if hop is None or fft is None:
        if config.flag("do_normalize", default=False):
            yield stated_step(config, "standardize", {}, ["do_normalize"])
        return
    keys = ["win_length", "n_fft", "fft_length", "hop_length"]
    yield stated_step(config, "stft", _stft(config, extractor, hop, fft), keys)
    if bins is not None and bins > 1:
        mel = _log_mel(config, extractor, bins, rate)
        yield stated_step(config, "log-mel", mel, _MEL_KEYS, _limits(config))


def _samples(config: JsonConfig, rate: int) -> int | None:
    seconds = config.number("chunk_length") or config.number("chunk_length_s")
    return config.whole("n_samples") or (None if seconds is None else round(seconds * rate))


def _stft(config: JsonConfig, extractor: str, hop: int, fft: int) -> dict[str, object]:
    window = config.whole("win_length") or fft
    settings: dict[str, object] = {"window": window, "step": hop, "fft": fft, "power": 2}
    return {**settings, "pad": "center-reflect"} if extractor.startswith("Whisper") else settings


def _log_mel(config: JsonConfig, extractor: str, bins: int, rate: int) -> dict[str, object]:
    low = config.number("frequency_min") or config.number("fmin") or 0.0
    high = config.number("frequency_max") or config.number("fmax") or rate / 2
    settings: dict[str, object] = {"bins": bins, "low_hz": low, "high_hz": high}
    if extractor.startswith("Whisper"):
        floor: dict[str, object] = {"log": "log10", "offset": 0.0, "floor": _WHISPER_FLOOR}
        settings |= {**floor, "implementation": "librosa"}
    return settings


def _limits(config: JsonConfig) -> list[str]:
    """The frequency limits that the file leaves to defaults."""
    pairs = (("frequency_min", "fmin"), ("frequency_max", "fmax"))
    return [named[0] for named in pairs if not any(map(config.has, named))]


def _remarks(config: JsonConfig, extractor: str) -> Iterator[str]:
    name = extractor or "the extractor"
    if extractor.startswith("Whisper"):
        yield (
            f"{name} drops the last frame, clips 8 below the maximum, maps x to (x + 4) / 4 and puts "
            "bands before frames: no step does the clipping, so save its features as arrays"
        )
    elif config.whole("hop_length") is not None:
        yield (
            f"{config.name} does not tell which mel filters, logarithm and padding {name} uses; "
            "compare one clip with its own output"
        )
