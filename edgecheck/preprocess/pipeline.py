"""The steps of one input, applied to chunks of samples."""

from collections.abc import Sequence

import numpy as np

from edgecheck.errors import DatasetUnreadable, UsageError
from edgecheck.preprocess.audio import to_mono
from edgecheck.preprocess.context import Context
from edgecheck.preprocess.decode import Decoded, decode
from edgecheck.preprocess.survey import Survey, stretched_size
from edgecheck.preprocess.table import STEPS
from edgecheck.preprocess.wav import decode_wav
from edgecheck.spec.audio_steps import Mono, Resample
from edgecheck.spec.image_steps import Decode
from edgecheck.spec.model import InputSpec
from edgecheck.spec.value_steps import Transpose
from edgecheck.tensors import Array


class Pipeline:
    """From stored samples to the real values that a model is fed.

    `survey` counts what the files looked like that were decoded so far.
    """

    def __init__(self, input_name: str, spec: InputSpec) -> None:
        """Bind the steps of `spec`.

        Raises:
            UsageError: a `decode` or `mono` step that is not the first.
        """
        for step in spec.steps[1:]:
            if isinstance(step, (Decode, Mono)):
                raise UsageError(
                    f"inputs.{input_name}.steps: `{step.key}` must be the first step, and the "
                    "only one",
                    hint="Move it to the top of the list.",
                )
        self._input_name = input_name
        self._spec = spec
        self.survey = Survey()
        self._stretched_size = stretched_size(spec.steps)
        self._channel_axes = [_channel_axis(spec, number) for number in range(len(spec.steps))]
        self._resamples = any(isinstance(step, Resample) for step in spec.steps)

    def __call__(self, rows: Array | tuple[bytes, ...], ids: Sequence[str]) -> Array:
        """Run every step.

        Args:
            rows: n >= 1 samples (n, ...) of real numbers, or n encoded files of images or sound; not changed.
            ids: of the n samples, for messages.

        Returns:
            float32 (n, *shape), C-contiguous; `rows` itself where nothing has to be done.
            NaN and infinite values pass through.

        Raises:
            UsageError: image files, and no `decode` step.
            DatasetUnreadable: a sample does not fit a step, or the shape that the spec promises.
        """
        if isinstance(rows, tuple):
            return self._run_files(rows, ids)
        if rows.dtype.kind not in "biuf":
            raise DatasetUnreadable(
                f"{ids[0]}: input {self._input_name!r} gets {rows.dtype}, expected real numbers",
                hint="Save a numeric array.",
            )
        names = ids[0] if len(ids) == 1 else f"{ids[0]} to {ids[-1]}"
        values = self._run(rows, names, self._spec.sample_rate)
        if values.ndim == 1 and self._spec.shape == (1,):
            values = values[:, None]
        self._check_shape(values.shape[1:], ids[0])
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(values, np.float32)

    def unreadable(self, rows: Array | tuple[bytes, ...], ids: Sequence[str]) -> list[str]:
        """`id: why` of each file that cannot be decoded; runs no steps and counts nothing.

        Args:
            rows: as for a call; arrays are always readable.
            ids: of the samples.

        Raises:
            UsageError: image files, and no `decode` step.
        """
        problems = []
        for encoded, name in zip(rows if isinstance(rows, tuple) else (), ids, strict=False):
            try:
                decode_wav(encoded) if self._spec.kind == "audio" else self._image(encoded)
            except DatasetUnreadable as error:
                problems.append(f"{name}: {error.message}")
        return problems

    def _run_files(self, files: tuple[bytes, ...], ids: Sequence[str]) -> Array:
        """Decode and process one file at a time, into the place of its result."""
        first = self._run_file(files[0], ids[0])
        result = np.empty((len(files), *first.shape), np.float32)
        result[0] = first
        for number in range(1, len(files)):
            values = self._run_file(files[number], ids[number])
            if values.shape != first.shape:
                raise DatasetUnreadable(
                    f"{ids[number]}: shape {values.shape} after the steps of input "
                    f"{self._input_name!r}, but {ids[0]} has {first.shape}",
                    hint=f"Add a `{self._equalizer}` step, so that all samples get one shape.",
                )
            result[number] = values
        return result

    @property
    def _equalizer(self) -> str:
        """The step that gives samples one shape."""
        return "trim-or-pad" if self._spec.kind == "audio" else "resize"

    def _run_file(self, encoded: bytes, name: str) -> Array:
        """One sample without the sample axis, from an encoded file."""
        rate = None
        try:
            if self._spec.kind == "audio":
                stored, rate = self._sound(encoded)
            else:
                stored = self._pixels(encoded, name)
        except DatasetUnreadable as error:
            raise _naming(name, error) from error
        values: Array = self._run(stored[None], name, rate)[0]
        self._check_shape(values.shape, name)
        return values

    def _sound(self, encoded: bytes) -> tuple[Array, int]:
        """Sound (samples,), or (samples, channels) for a `mono` step, and the rate to assume.

        Without a `resample` step, files of any rate pass for what training had, as they do on
        a device that is fed recordings of another rate.
        """
        sound = decode_wav(encoded)
        self.survey.add_sound(sound.rate, sound.channels, sound.seconds)
        rate = sound.rate if self._resamples else self._spec.sample_rate or sound.rate
        if self._spec.steps and isinstance(self._spec.steps[0], Mono):
            return sound.values, rate
        mono: Array = to_mono(sound.values[None], "mean")[0]
        return mono, rate

    def _pixels(self, encoded: bytes, name: str) -> Array:
        """Pixels (height, width, channels)."""
        image = self._image(encoded)
        self.survey.add_image(name, image, self._stretched_size)
        return image.pixels

    def _image(self, encoded: bytes) -> Decoded:
        step = self._spec.steps[0] if self._spec.steps else None
        if not isinstance(step, Decode):
            raise UsageError(
                f"input {self._input_name!r} gets image files, and its steps do not decode them",
                hint="Start its steps with `- decode: {color: RGB, exif: apply}`.",
            )
        return decode(encoded, step.color, step.exif, step.depth)

    def _run(self, values: Array, names: str, rate: int | None) -> Array:
        """All steps on (n, ...) of a sample rate; for pixels, `decode` only checks."""
        try:
            # What overflows becomes infinite or NaN, which checks report.
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                for step, axis in zip(self._spec.steps, self._channel_axes, strict=True):
                    values = STEPS[type(step)](step, values, Context(axis, rate))
                    rate = step.rate if isinstance(step, Resample) else rate
        except DatasetUnreadable as error:
            raise _naming(names, error) from error
        return values

    def _check_shape(self, found: tuple[int, ...], name: str) -> None:
        expected = self._spec.shape
        if expected is not None and found != expected:
            last = f"after `{self._spec.steps[-1].key}`" if self._spec.steps else "as stored"
            raise DatasetUnreadable(
                f"{name}: shape {found} {last}, expected {expected} for input {self._input_name!r}",
                hint=self._advice(),
            )

    def _advice(self) -> str:
        """What to do about a shape that does not fit."""
        wanted = self._spec.sample_rate
        others = [rate for rate in self.survey.rates if rate != wanted]
        if others and wanted is not None and not self._resamples:
            return (
                f"There are files of {others[0]} Hz, the spec says {wanted} Hz: start the steps "
                f"with `resample: {{rate: {wanted}}}`."
            )
        return f"Correct `inputs.{self._input_name}.shape` or the steps."


def _channel_axis(spec: InputSpec, number: int) -> int:
    """The axis of (n, ...) that holds the channels when step `number` runs.

    The layout is that of the model: with NCHW, samples have their channels last until the last
    `transpose` has run, and first from then on (from the start, if there is none).
    """
    is_final = not any(isinstance(step, Transpose) for step in spec.steps[number:])
    return 1 if spec.layout == "NCHW" and is_final else -1


def _naming(names: str, error: DatasetUnreadable) -> DatasetUnreadable:
    return DatasetUnreadable(f"{names}: {error.message}", hint=error.hint)
