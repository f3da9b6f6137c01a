"""`edgecheck repair SPEC MODEL -o FIXED`: new activation ranges, where they are the fault."""

from pathlib import Path
from typing import Annotated

import typer

from edgecheck.cli.completion import format_names
from edgecheck.cli.delivery import deliver_made, require_other_place
from edgecheck.cli.validate import Runtime


def repair(  # noqa: PLR0913, PLR0917  (one parameter an option)
    spec: Annotated[Path, typer.Argument(help="The spec that training wrote (YAML).")],
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
    runtime: Annotated[Runtime, typer.Option(help="Runtime, as in validate.")] = Runtime.AUTO,
    limit: Annotated[int | None, typer.Option(min=1, help="Most samples to use.")] = None,
    threads: Annotated[int, typer.Option(min=1, max=256, help="Threads of each interpreter.")] = 1,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds for loading, and for one run of one sample.")
    ] = 60.0,
    allow_code: Annotated[
        bool, typer.Option("--allow-code", help="Run code of the reference, as in validate.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file at --out.")] = False,
    output: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMAT[:PATH]",
            autocompletion=format_names,
            help="As in validate; csv and model-explorer have nothing of it.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, and no text unless asked for.")
    ] = False,
) -> None:
    """Recalibrate a quantized .tflite file from samples; write it only if it is proven better.

    Weights stay. Exit 0: written. 1: declined, nothing written. 2, 3: as in validate.
    """
    from edgecheck.repair import RepairOptions, stopped
    from edgecheck.repair import repair as run
    from edgecheck.report.destinations import parse_destinations, require_apart, require_fitting
    from edgecheck.validation import Options, inputs_of

    destinations = parse_destinations(output if output is not None else ([] if quiet else ["text"]))
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
