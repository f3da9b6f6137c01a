"""The conversion: from a trained model to a .tflite file that passed, or to no file at all.

A file is validated, with the trained model as its reference, before it is written. It is judged
on other samples than it was calibrated on.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache
from math import isnan
from pathlib import Path
from typing import Final

from edgecheck import __version__
from edgecheck.compare.stream import Progress
from edgecheck.conversion.annotations import annotate
from edgecheck.conversion.calibration import Calibration, calibration_of
from edgecheck.conversion.outcome import Plan, Trial
from edgecheck.conversion.plans import Quantize, plans_of
from edgecheck.conversion.process import Converted, Converter, ConverterLost
from edgecheck.conversion.report import ConversionReport, report_of
from edgecheck.conversion.representative import write_representative
from edgecheck.conversion.request import ConversionRequest
from edgecheck.conversion.schemes import Io
from edgecheck.conversion.source import request_of, source_format
from edgecheck.errors import ConversionFailed, UsageError
from edgecheck.findings import Report
from edgecheck.new_file import require_free, scratch_folder, write_new
from edgecheck.runs.draft import Options
from edgecheck.runtime.trained import weights as trained_weights
from edgecheck.runtime.trained.description import Description
from edgecheck.runtime.worker_process import KeptProcess
from edgecheck.samples.class_names import read_class_names
from edgecheck.samples.holdout import TooFewSamples
from edgecheck.samples.part import without
from edgecheck.spec.load import LoadedSpec, load_spec
from edgecheck.tflite.weights import Weight
from edgecheck.validation import examine, inputs_of, new_draft

_CONVERSION_RUNS: Final = 30
"""A conversion may take as long as so many runs of one sample."""
_MOST_IN_FLOAT: Final = 8
"""Operators that `auto` keeps in float at most."""


@dataclass(frozen=True)
class ConvertOptions:
    """How to convert."""

    validation: Options
    """How to validate the result; its reference is always the source."""
    quantize: Quantize | None = None
    """None for what the spec's `model.quantization` says, else "none"."""
    io: Io | None = None
    """None for int8 with full-integer, else float32; given, only schemes that have it are tried."""
    calibrate: int | None = None
    """Samples that ranges are chosen from, the others prove it; None for half, at most 200."""
    keep_failing: bool = False
    """Write the file whatever the verdict is."""
    force: bool = False
    """Replace what stands where the new file goes, unless it is an input."""


def convert(
    spec: Path, source: Path, out: Path, options: ConvertOptions, progress: Progress
) -> ConversionReport:
    """Convert a trained model, validate the result, and write it if it passes.

    Args:
        spec: path of the YAML file.
        source: a Keras file, SavedModel folder, ONNX file or float .tflite; it is never changed.
        out: where the .tflite goes.
        options: how.
        progress: told (samples done, samples in all) of every pass.

    Raises:
        UsageError: the spec or an option is wrong, or `out` is an input or taken.
        ConversionFailed: the source cannot be converted as asked.
        UnusableError: the environment or an input is unusable, or there are too few samples.
    """
    _require_outside(out, source)
    require_free(out, inputs_of(spec, source, None), force=options.force)
    loaded = load_spec(spec)
    plans = plans_of(options.quantize or loaded.spec.model.quantization or "none", options.io)
    form = source_format(source)
    calibration = _calibration(loaded, plans, options)
    with (
        scratch_folder() as folder,
        closing(Converter(folder)) as converter,
        closing(KeptProcess()) as kept,
    ):
        allow_code, unquantized = options.validation.allow_code, folder / "converted.tflite"
        request = request_of(loaded.spec, source, form, unquantized, allow_code=allow_code)
        tools = (calibration, converter, kept, folder, progress)
        bench = _Bench(loaded, request, out, options, *tools)
        trials = bench.all_of(plans) if len(plans) > 1 else (bench.try_plan(plans[0]),)
    chosen = trials[0] if len(plans) == 1 else _smallest(trials)
    report = report_of(trials, chosen, bench.calibrated)
    if chosen is None or not (chosen.passes or options.keep_failing):
        return report
    write_new(out, chosen.data, force=options.force)
    return replace(report, written=str(out), reason="")


def _require_outside(out: Path, source: Path) -> None:
    """Refuse to write into the folder of a SavedModel.

    Raises:
        UsageError: the new file would lie inside the source.
    """
    if Path(os.path.realpath(out)).is_relative_to(os.path.realpath(source)) and source.is_dir():
        raise UsageError(
            f"{out} lies inside {source}, which is an input of this run and never changed",
            hint="give the new file a path elsewhere with -o",
        )


def _calibration(
    loaded: LoadedSpec, plans: Sequence[Plan], options: ConvertOptions
) -> Calibration | TooFewSamples | None:
    """What to calibrate on, or why nothing can be; None where no plan needs it.

    Raises:
        TooFewSamples: all plans need it.
        UsageError, DatasetUnreadable: as `calibration_of`.
    """
    needing = [plan for plan in plans if plan.is_calibrated]
    if not needing:
        return None
    try:
        return calibration_of(loaded, options.validation.limit, options.calibrate)
    except TooFewSamples as error:
        if len(needing) == len(plans):
            raise
        return error


def _smallest(trials: Sequence[Trial]) -> Trial | None:
    passing = [trial for trial in trials if trial.passes]
    return min(passing, key=lambda trial: len(trial.data), default=None)


@dataclass
class _Bench:
    """Converts and validates one plan after the other."""

    loaded: LoadedSpec
    request: ConversionRequest
    """What all plans share."""
    out: Path
    options: ConvertOptions
    calibration: Calibration | TooFewSamples | None
    converter: Converter
    kept: KeptProcess
    """Lends the process in which every validation runs the source."""
    folder: Path
    progress: Progress
    representative: dict[str, Path] = field(default_factory=dict)
    float_file: Converted | None = None
    """The source without quantization, which the stages of every validation look at."""
    examine: Callable[..., tuple[Description, tuple[Weight, ...]]] = field(
        default_factory=lambda: cache(trained_weights.examine)
    )
    """What every validation asks about the source, answered once."""

    @property
    def calibrated(self) -> int:
        """Samples that ranges are chosen from."""
        return len(self.calibration.places) if isinstance(self.calibration, Calibration) else 0

    def all_of(self, plans: Sequence[Plan]) -> tuple[Trial, ...]:
        """Every plan, and full-integer with its worst operators in float where it fails."""
        found = []
        for plan in plans:
            trial = self._try_or_reason(plan)
            found.append(trial)
            if plan.scheme == "full-integer" and not trial.passes:
                found += self._partly_in_float(trial)
        return tuple(found)

    def _partly_in_float(self, failed: Trial) -> Iterator[Trial]:
        """Ever more of the worst operators in float, until one passes."""
        if self.request.format not in {"keras", "saved-model"} or failed.report is None:
            return
        worst = worst_operators(failed.report)
        count = 1
        while count <= min(_MOST_IN_FLOAT, len(worst)):
            plan = Plan("full-integer", "float32", worst[:count])
            trial = self._try_or_reason(plan)
            yield trial
            if trial.passes:
                return
            count *= 2

    def _try_or_reason(self, plan: Plan) -> Trial:
        try:
            return self.try_plan(plan)
        except (ConversionFailed, ConverterLost, TooFewSamples) as error:
            return Trial(plan, error=error)

    def try_plan(self, plan: Plan) -> Trial:
        """Convert and validate.

        Raises:
            ConversionFailed: the source cannot be converted so.
            ConverterLost: the converter died or hung over it.
            TooFewSamples: it needs samples to calibrate on.
            UnusableError: the environment or an input is unusable.
        """
        request = self._request(plan)
        converted = self._converted(request)
        spec = self.loaded.spec
        names = read_class_names(spec.model.labels, self.loaded.source.parent)
        origin = {
            "edgecheck": __version__,
            "source": request.source.name,
            "converter": converted.tool,
        }
        data = annotate(converted.path.read_bytes(), self.loaded, names, origin)
        return Trial(plan, data, self._validated(data), tool=converted.tool)

    def _request(self, plan: Plan) -> ConversionRequest:
        if self.request.format == "tflite" and plan.scheme == "none":
            raise UsageError(
                f"{self.request.source.name} is a float .tflite already",
                hint="name a scheme: --quantize full-integer",
            )
        return replace(
            self.request,
            scheme=plan.scheme,
            io=plan.io,
            float_operators=plan.float_operators,
            representative=self._samples() if plan.is_calibrated else {},
        )

    def _converted(self, request: ConversionRequest) -> Converted:
        seconds = _CONVERSION_RUNS * self.options.validation.timeout
        return self.converter.convert(request, seconds)

    def _float(self, request: ConversionRequest, _seconds: float) -> Converted:
        """The source without quantization, as the stages ask for it: converted once."""
        if self.float_file is None:
            out = self.folder / "float.tflite"
            self.float_file = self._converted(replace(request, out=out))
        return self.float_file

    def _samples(self) -> dict[str, Path]:
        """The representative dataset, made once."""
        if isinstance(self.calibration, TooFewSamples):
            raise self.calibration
        if not self.representative and self.calibration is not None:
            samples, inputs = self.calibration.samples, self.loaded.spec.inputs
            self.representative = write_representative(samples, inputs, self.folder)
        return self.representative

    def _validated(self, data: bytes) -> Report:
        """The verdict on a file, told as if it lay where it will."""
        path = self.folder / "validated" / self.out.name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        options = replace(self.options.validation, reference=str(self.request.source))
        draft = new_draft(options)
        draft.converter, draft.examine, draft.kept = self._float, self.examine, self.kept
        if isinstance(self.calibration, Calibration):
            draft.narrow = without(self.calibration.places)
        report = examine(draft, self.loaded.source, path, self.progress)
        model = {**report.environment.get("model", {}), "path": str(self.out)}
        return replace(report, environment={**report.environment, "model": model})


def worst_operators(report: Report) -> tuple[str, ...]:
    """Names of the outputs of operators, the one that loses most by itself first.

    Judged by the SQNR of each operator alone, on what the candidate's one read; empty where no
    walk was made.
    """
    judged = [
        (layer.isolated_sqnr_db, layer.tensor)
        for layer in report.layers
        if layer.index >= 0 and layer.isolated_sqnr_db is not None
    ]
    ranked = sorted((sqnr, name) for sqnr, name in judged if not isnan(sqnr))
    return tuple(dict.fromkeys(name for _, name in ranked))
