"""`edgecheck validate SPEC MODEL`: the gate."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from edgecheck.cli.completion import device_names
from edgecheck.cli.delivery import deliver_made, requested
from edgecheck.cli.options import (
    AllowCode,
    Baseline,
    Delegate,
    FailOn,
    FailOnChoice,
    Limit,
    Output,
    Quiet,
    Runtime,
    RuntimeChoice,
    SpecPath,
    Threads,
    Timeout,
    Verbose,
)


class Layers(str, Enum):
    """When to walk through the layers."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def validate(  # noqa: PLR0913, PLR0917  (one parameter an option)
    spec: SpecPath,
    model: Annotated[Path, typer.Argument(help="The .tflite file to be shipped.")],
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|twin|none",
            help="What to compare with: the trained model (.keras, .h5, SavedModel, .onnx), a float "
            ".tflite, or the model's own dequantized twin; "
            "default: the spec's, else the twin.",
        ),
    ] = None,
    runtime: RuntimeChoice = Runtime.AUTO,
    delegate: Delegate = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="DEVICE",
            autocompletion=device_names,
            help="What it will run on: a device, or a profile of your own.",
        ),
    ] = None,
    threads: Threads = 1,
    limit: Limit = None,
    output: Output = None,
    fail_on: FailOnChoice = FailOn.ERROR,
    strict: Annotated[bool, typer.Option("--strict", help="A skipped check is an error.")] = False,
    static: Annotated[
        bool, typer.Option("--static", help="File and spec only: no runtime, no samples.")
    ] = False,
    layers: Annotated[
        Layers, typer.Option(help="Walk through the layers; auto does where parity is doubtful.")
    ] = Layers.AUTO,
    what_if: Annotated[
        bool,
        typer.Option(
            "--what-if", help="Show what usual mistakes on the device would make of the answers."
        ),
    ] = False,
    baseline: Baseline = None,
    timeout: Timeout = 60.0,
    allow_code: AllowCode = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Validate a .tflite file: is it safe to flash, and if not, why."""
    from edgecheck.report.destinations import require_apart
    from edgecheck.validation import Options, broken_report, inputs_of
    from edgecheck.validation import validate as run

    destinations = requested(output, is_quiet=quiet, is_detailed=verbose)
    read = inputs_of(spec, model, reference)
    require_apart(destinations, read if baseline is None else (*read, baseline))
    options = Options(
        reference=reference,
        runtime=runtime.value,
        delegate=delegate,
        target=target,
        threads=threads,
        limit=limit,
        fail_on=fail_on.value,
        strict=strict,
        static=static,
        layers=layers.value,
        what_if=what_if,
        timeout=timeout,
        allow_code=allow_code,
        baseline=None if baseline is None else str(baseline),
    )
    code = deliver_made(
        lambda progress: run(spec, model, options, progress),
        lambda error: broken_report(options, error),
        destinations,
        shows_progress=not quiet,
    )
    raise typer.Exit(code)
