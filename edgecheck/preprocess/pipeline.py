"""The steps of one input, applied to chunks of samples."""

from collections.abc import Sequence

import numpy as np

from edgecheck.errors import DatasetUnreadable, UsageError
from edgecheck.preprocess.context import Context
from edgecheck.preprocess.decode import decode
from edgecheck.preprocess.survey import Survey
from edgecheck.preprocess.table import STEPS
from edgecheck.spec.model import InputSpec
from edgecheck.spec.steps import Decode, Transpose
from edgecheck.tensors import Array


class Pipeline:
    """From stored samples to the real values that a model is fed.

    `survey` counts what the files looked like that were decoded so far.
    """

    def __init__(self, input_name: str, spec: InputSpec) -> None:
        """Bind the steps of `spec`.

        Raises:
            UsageError: a `decode` step that is not the first.
        """
        if any(isinstance(step, Decode) for step in spec.steps[1:]):
            raise UsageError(
                f"inputs.{input_name}.steps: `decode` must be the first step, and the only one",
                hint="Move it to the top of the list.",
            )
        self._input_name = input_name
        self._spec = spec
        self.survey = Survey()
        self._contexts = [
            Context(_channel_axis(spec, number), spec.sample_rate)
            for number in range(len(spec.steps))
        ]

    def __call__(self, rows: Array | tuple[bytes, ...], ids: Sequence[str]) -> Array:
        """Run every step.

        Args:
            rows: n >= 1 samples (n, ...) of real numbers, or n encoded image files; not changed.
            ids: of the n samples, for messages.

        Returns:
            float32 (n, *shape), C-contiguous; `rows` itself where nothing has to be done.
            NaN and infinite values pass through.

        Raises:
            UsageError: encoded files, and no `decode` step.
            DatasetUnreadable: a sample does not fit a step, or the shape that the spec promises.
        """
        if isinstance(rows, tuple):
            return self._run_files(rows, ids)
        if rows.dtype.kind not in "biuf":
            raise DatasetUnreadable(
                f"{ids[0]}: input {self._input_name!r} gets {rows.dtype}, expected real numbers",
                hint="Save a numeric array.",
            )
        values = self._run(rows, ids[0] if len(ids) == 1 else f"{ids[0]} to {ids[-1]}")
        if values.ndim == 1 and self._spec.shape == (1,):
            values = values[:, None]
        self._check_shape(values.shape[1:], ids[0])
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(values, np.float32)

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
                    hint="Add a `resize` step, so that all samples get one shape.",
                )
            result[number] = values
        return result

    def _run_file(self, encoded: bytes, name: str) -> Array:
        """One sample without the sample axis, from an encoded image."""
        step = self._spec.steps[0] if self._spec.steps else None
        if not isinstance(step, Decode):
            raise UsageError(
                f"input {self._input_name!r} gets image files, and its steps do not decode them",
                hint="Start its steps with `- decode: {color: RGB, exif: apply}`.",
            )
        try:
            pixels = decode(encoded, step.color, step.exif)
        except DatasetUnreadable as error:
            raise _naming(name, error) from error
        values: Array = self._run(pixels[None], name)[0]
        self._check_shape(values.shape, name)
        return values

    def _run(self, values: Array, names: str) -> Array:
        """All steps on (n, ...); for pixels, `decode` only checks."""
        try:
            for step, context in zip(self._spec.steps, self._contexts, strict=True):
                values = STEPS[type(step)](step, values, context)
        except DatasetUnreadable as error:
            raise _naming(names, error) from error
        return values

    def _check_shape(self, found: tuple[int, ...], name: str) -> None:
        expected = self._spec.shape
        if expected is not None and found != expected:
            last = f"after `{self._spec.steps[-1].key}`" if self._spec.steps else "as stored"
            raise DatasetUnreadable(
                f"{name}: shape {found} {last}, expected {expected} for input {self._input_name!r}",
                hint=f"Correct `inputs.{self._input_name}.shape` or the steps.",
            )


def _channel_axis(spec: InputSpec, number: int) -> int:
    """The axis of (n, ...) that holds the channels when step `number` runs.

    The layout is that of the model: with NCHW, samples have their channels last until the last
    `transpose` has run, and first from then on (from the start, if there is none).
    """
    is_final = not any(isinstance(step, Transpose) for step in spec.steps[number:])
    return 1 if spec.layout == "NCHW" and is_final else -1


def _naming(names: str, error: DatasetUnreadable) -> DatasetUnreadable:
    return DatasetUnreadable(f"{names}: {error.message}", hint=error.hint)
