"""`edgecheck repair SPEC MODEL -o FIXED`: new activation ranges, where they are the fault."""

from pathlib import Path
from typing import Annotated

import typer

from edgecheck.cli.delivery import deliver_made, requested, require_other_place
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
    Timeout,
)


def repair(  # noqa: PLR0913, PLR0917  (one parameter an option)
    spec: SpecPath,
    model: Annotated[Path, typer.Argument(help="The .tflite file; it is never changed.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the repaired file goes.")],
    calibrate: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Samples to choose ranges from, the others prove the result; a seeded draw, or "
            "the first ones where the spec says `order: file`. Default: half, at most 200.",
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(metavar="PATH|twin", help="What to compare with, as in validate."),
    ] = None,
    runtime: RuntimeChoice = Runtime.AUTO,
    limit: Limit = None,
    threads: Threads = 1,
    timeout: Timeout = 60.0,
    allow_code: AllowCode = False,
    force: Force = False,
    output: OutputWithoutLayers = None,
    quiet: Quiet = False,
) -> None:
    """Recalibrate a quantized .tflite file from samples; write it only if it is proven better.

    Weights stay. Exit 0: written. 1: declined, nothing written. 2, 3: as in validate.
    """
    from edgecheck.repair import RepairOptions, stopped
    from edgecheck.repair import repair as run
    from edgecheck.report.destinations import require_apart, require_fitting
    from edgecheck.validation import Options, inputs_of

    destinations = requested(output, is_quiet=quiet)
    require_fitting(destinations, "repair")
    require_apart(destinations, inputs_of(spec, model, reference))
    require_other_place(destinations, out)
    validation = Options(
        reference=reference,
        runtime=runtime.value,
        limit=limit,
        threads=threads,
        timeout=timeout,
        allow_code=allow_code,
    )
    options = RepairOptions(validation, calibrate, force)
    code = deliver_made(
        lambda progress: run(spec, model, out, options, progress),
        stopped,
        destinations,
        shows_progress=not quiet,
    )
    raise typer.Exit(code)
