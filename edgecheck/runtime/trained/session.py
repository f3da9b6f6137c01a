"""One trained model in the worker process, behind the methods of InterpreterSession."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from edgecheck.runtime.job import Job, Slot, transposed
from edgecheck.runtime.trained.formats import TrainedFormat
from edgecheck.runtime.trained.model import open_model
from edgecheck.runtime.values import decode, encode, room, store
from edgecheck.tensors import NUMPY_DTYPES, Array, Feeds

_BRISK_SECONDS, _SLOW_SECONDS = 0.2, 1.0
_MOST_ROWS = 256
_ALIKE = 1e-3
"""Relative difference that another order of sums can make."""


class TrainedSession:
    """Runs rows together where the batch axis is open and the model keeps rows apart, else one by
    one. Batches grow only while they are brisk, so that the clock of a row stays meaningful.
    """

    def __init__(self, job: Job) -> None:
        """Load the model; whatever the library raises comes through as it is."""
        self._job = job
        self._model = open_model(
            Path(job.model),
            cast(TrainedFormat, job.backend),
            signature=job.signature,
            allow_code=job.allows_code,
        )
        self._rows = 1
        results = self.run_zeros()
        self.output_shapes = {
            slot.name: transposed(np.shape(results[slot.argument]), slot.axes)
            for slot in job.outputs
        }
        self._is_batched = self._takes_batches() and self._keeps_rows_apart(results)
        self._is_compared = False
        self._model.forget()

    def run(
        self, feeds: Feeds, outputs: dict[str, Array], latencies: Array, done: Callable[[int], None]
    ) -> None:
        """Run every row of `feeds` and write real values into `outputs`.

        Args:
            feeds: float32 (n, ...) by input name.
            outputs: float32 (n, ...) by output name; written.
            latencies: float64 (n,), seconds of each row, those of a batch alike; written.
            done: called with the number of finished rows after each batch.
        """
        encoded = [(slot, encode(feeds[slot.name], slot)) for slot in self._job.inputs]
        codes = {slot.name: room(outputs[slot.name], slot) for slot in self._job.outputs}
        row, count = 0, len(latencies)
        if self._is_batched and not self._is_compared and count > 1:
            self._is_batched, self._is_compared = self._agrees_with_itself(encoded), True
        while row < count:
            end = min(count, row + self._rows) if self._is_batched else row + 1
            seconds = self._run_rows(encoded, codes, row, end)
            latencies[row:end] = seconds / (end - row)
            self._adapt(seconds)
            done(end)
            row = end
        for slot in self._job.outputs:
            if codes[slot.name] is not outputs[slot.name]:
                decode(codes[slot.name], slot, outputs[slot.name])

    def run_zeros(self) -> Mapping[str, Any]:
        """One run on a row of zeros; the results by output of the model."""
        return self._model.run(self._zeros(1))

    def _run_rows(
        self, encoded: list[tuple[Slot, Array]], codes: dict[str, Array], row: int, end: int
    ) -> float:
        if self._job.resets_state:
            self._model.forget()
        feeds = self._feeds(encoded, row, end)
        start = time.perf_counter()
        results = self._model.run(feeds)
        seconds = time.perf_counter() - start
        for slot in self._job.outputs:
            values = results[slot.argument]
            for index in range(row, end):
                own = values[index - row, None] if self._is_batched else values
                store(codes[slot.name], index, own, slot)
        return seconds

    def _feeds(self, encoded: list[tuple[Slot, Array]], row: int, end: int) -> dict[str, Array]:
        if self._is_batched:
            return {slot.argument: values[row:end, 0] for slot, values in encoded}
        return {slot.argument: values[row] for slot, values in encoded}

    def _agrees_with_itself(self, encoded: list[tuple[Slot, Array]]) -> bool:
        """Whether the first two rows give together what each gives alone.

        They do not where a file was exported in training mode: its BatchNormalization takes the
        statistics of the batch.
        """
        both = self._model.run(self._feeds(encoded, 0, 2))
        for row in range(2):
            alone = self._model.run(self._feeds(encoded, row, row + 1))
            for slot in self._job.outputs:
                one, of_two = alone[slot.argument][0], both[slot.argument][row]
                slack = _ALIKE * float(np.max(np.abs(one), initial=0.0))
                if not np.allclose(one, of_two, rtol=_ALIKE, atol=slack, equal_nan=True):
                    return False
        return True

    def _adapt(self, seconds: float) -> None:
        if seconds < _BRISK_SECONDS:
            self._rows = min(_MOST_ROWS, 2 * self._rows)
        elif seconds > _SLOW_SECONDS:
            self._rows = max(1, self._rows // 2)

    def _takes_batches(self) -> bool:
        """Whether every input has an open batch axis, and nothing lives on from row to row."""
        description = self._model.description
        is_open = all(port.shape[:1] == (-1,) for port in description.inputs)
        return is_open and bool(description.inputs) and not description.has_state

    def _keeps_rows_apart(self, single: Mapping[str, Any]) -> bool:
        """Whether two rows give two rows of everything that is read."""
        if any(slot.shape[:1] != (1,) for slot in self._job.inputs):
            return False
        try:
            both = self._model.run(self._zeros(2))
        except Exception:  # noqa: BLE001  (what two rows break, one row may not)
            return False
        names = [slot.argument for slot in self._job.outputs]
        pairs = ((np.shape(single[name]), np.shape(both[name])) for name in names)
        return all(one[:1] == (1,) and two == (2, *one[1:]) for one, two in pairs)

    def _zeros(self, rows: int) -> dict[str, Array]:
        return {
            slot.argument: np.zeros(
                slot.shape if rows == 1 else (rows, *slot.shape[1:]), NUMPY_DTYPES[slot.dtype]
            )
            for slot in self._job.inputs
        }
