"""`edgecheck match SPEC MODEL DUMP`: what does the firmware do?"""

from pathlib import Path
from typing import Annotated

import typer

from edgecheck.cli.delivery import deliver_made, requested
from edgecheck.cli.options import (
    OutputWithoutLayers,
    Quiet,
    Runtime,
    RuntimeChoice,
    SpecPath,
    Timeout,
)


def match(  # noqa: PLR0913, PLR0917  (one parameter an option)
    spec: SpecPath,
    model: Annotated[Path, typer.Argument(help="The .tflite file that was flashed.")],
    dump: Annotated[
        Path,
        typer.Argument(
            help="What the device logged: .npz, .npy, .csv, or a folder with a dump.json."
        ),
    ],
    tensor: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The tensor of a .csv or .npy that does not name it."),
    ] = None,
    runtime: RuntimeChoice = Runtime.AUTO,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Most samples to compare. Default: 64.")
    ] = None,
    timeout: Timeout = 60.0,
    output: OutputWithoutLayers = None,
    quiet: Quiet = False,
) -> None:
    """Name the mistake that made the inputs or outputs which a device logged.

    Exit 0: the dump is what spec and model make. 1: a mistake is named. 2: the command line or the
    spec is wrong. 3: an input is unusable, or nothing explains the dump.
    """
    from edgecheck.device.dump import is_part
    from edgecheck.match import MatchOptions, stopped
    from edgecheck.match import match as run
    from edgecheck.report.destinations import require_apart, require_fitting
    from edgecheck.validation import inputs_of

    destinations = requested(output, is_quiet=quiet)
    require_fitting(destinations, "match")
    paths = [each.path for each in destinations if each.path is not None]
    dumped = [path for path in paths if is_part(dump, path)]
    require_apart(destinations, (*inputs_of(spec, model, None), dump, *dumped))
    options = MatchOptions(runtime.value, limit, tensor, timeout)
    code = deliver_made(
        lambda progress: run(spec, model, dump, options, progress),
        stopped,
        destinations,
        shows_progress=not quiet,
    )
    raise typer.Exit(code)
