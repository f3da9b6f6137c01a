"""`edgecheck convert SPEC SOURCE -o MODEL`: from the trained model to a file that passed."""

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecheck.cli.delivery import deliver, requested, require_other_place
from edgecheck.cli.options import (
    AllowCode,
    Force,
    Limit,
    OutputWithoutLayers,
    Quiet,
    Runtime,
    RuntimeChoice,
    SpecPath,
    Threads,
)
from edgecheck.cli.progress import progress_bar

if TYPE_CHECKING:
    from edgecheck.conversion.report import ConversionReport
    from edgecheck.convert import ConvertOptions
    from edgecheck.errors import EdgecheckError
    from edgecheck.report.destinations import Destination


class Quantize(str, Enum):
    """Schemes that can be asked for."""

    NONE = "none"
    FLOAT16 = "float16"
    DYNAMIC_RANGE = "dynamic-range"
    FULL_INTEGER = "full-integer"
    INT16X8 = "int16x8"
    AUTO = "auto"


class Io(str, Enum):
    """Types of inputs and outputs."""

    INT8 = "int8"
    UINT8 = "uint8"
    FLOAT32 = "float32"


def convert(  # noqa: PLR0913, PLR0917  (one parameter an option)
    spec: SpecPath,
    source: Annotated[
        Path,
        typer.Argument(
            help="The trained model: .keras, .h5, a SavedModel folder, .onnx, or a float .tflite."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the .tflite file goes.")],
    quantize: Annotated[
        Quantize | None,
        typer.Option(
            help="The scheme; auto takes the smallest that passes. Default: the spec's, else none."
        ),
    ] = None,
    io: Annotated[
        Io | None,
        typer.Option(
            help="Inputs and outputs: only schemes that have them. Default: int8 with full-integer."
        ),
    ] = None,
    calibrate: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Samples to choose ranges from, 10 at least, a seeded draw by class; the others, "
            "20 at least, prove the result. Default: half, at most 200.",
        ),
    ] = None,
    keep_failing: Annotated[
        bool, typer.Option("--keep-failing", help="Write the file even if it does not pass.")
    ] = False,
    allow_code: AllowCode = False,
    runtime: RuntimeChoice = Runtime.AUTO,
    limit: Limit = None,
    threads: Threads = 1,
    timeout: Annotated[
        float,
        typer.Option(min=0.1, help="Seconds for one run of one sample; a conversion gets 30 x."),
    ] = 60.0,
    output: OutputWithoutLayers = None,
    force: Force = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            help="Text with every check and layer; what a failing converter printed.",
        ),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Convert a trained model, validate the result, and write it only if it passes.

    Exit 0: written. 1: it cannot be converted, or fails; nothing is written. 2, 3: as in validate.
    """
    from edgecheck.convert import ConvertOptions
    from edgecheck.report.destinations import require_apart, require_fitting
    from edgecheck.validation import Options, inputs_of

    destinations = requested(output, is_quiet=quiet, is_detailed=verbose)
    require_fitting(destinations, "conversion")
    require_apart(destinations, inputs_of(spec, source, None))
    require_other_place(destinations, out)
    validation = Options(
        runtime=runtime.value,
        limit=limit,
        threads=threads,
        timeout=timeout,
        allow_code=allow_code,
    )
    options = ConvertOptions(
        validation,
        None if quantize is None else quantize.value,
        None if io is None else io.value,
        calibrate,
        keep_failing,
        force,
    )
    found = _converted(spec, source, out, options, destinations, shows_progress=not quiet)
    raise typer.Exit(_told(found, destinations, is_verbose=verbose))


def _converted(
    spec: Path,
    source: Path,
    out: Path,
    options: "ConvertOptions",
    destinations: "Sequence[Destination]",
    *,
    shows_progress: bool,
) -> "ConversionReport | EdgecheckError":
    """The report, or what ended the conversion; a bug leaves a report before it goes on its way."""
    from edgecheck import convert as use_case
    from edgecheck.conversion.report import stopped
    from edgecheck.errors import EdgecheckError
    from edgecheck.report.destinations import require_writable

    try:
        require_writable(destinations)
        with progress_bar(shows_progress) as progress:
            return use_case.convert(spec, source, out, options, progress)
    except EdgecheckError as error:
        return error
    except Exception as error:
        deliver(stopped(error), _files_and_json(destinations))
        raise


def _told(
    found: "ConversionReport | EdgecheckError",
    destinations: "Sequence[Destination]",
    *,
    is_verbose: bool,
) -> int:
    """Deliver the report, the noise of a failing converter first where it is wanted; the exit code."""
    from edgecheck.conversion.report import ConversionReport, stopped
    from edgecheck.errors import ConversionFailed
    from edgecheck.tflite.names import printable

    if isinstance(found, ConversionReport):
        return deliver(found, destinations)
    if is_verbose and isinstance(found, ConversionFailed):
        typer.echo("\n".join(map(printable, found.words.splitlines())), err=True)
    return deliver(stopped(found), _files_and_json(destinations))


def _files_and_json(destinations: "Sequence[Destination]") -> "list[Destination]":
    """All but text on stdout: what ends a conversion is said on stderr."""
    return [each for each in destinations if each.path is not None or each.format != "text"]
