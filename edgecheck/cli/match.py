"""`edgecheck match SPEC MODEL DUMP`: what does the firmware do?"""

from pathlib import Path
from typing import Annotated

import typer

from edgecheck.cli.completion import format_names
from edgecheck.cli.delivery import deliver_made
from edgecheck.cli.validate import Runtime


def match(  # noqa: PLR0913, PLR0917  (one parameter an option)
    spec: Annotated[Path, typer.Argument(help="The spec that training wrote (YAML).")],
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
    runtime: Annotated[Runtime, typer.Option(help="Runtime, as in validate.")] = Runtime.AUTO,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Most samples to compare. Default: 64.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds for loading, and for one run of one sample.")
    ] = 60.0,
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
    """Name the mistake that made the inputs or outputs which a device logged.

    Exit 0: the dump is what spec and model make. 1: a mistake is named. 2: the command line or the
    spec is wrong. 3: an input is unusable, or nothing explains the dump.
    """
    from edgecheck.device.dump import is_part
    from edgecheck.match import MatchOptions, stopped
    from edgecheck.match import match as run
    from edgecheck.report.destinations import parse_destinations, require_apart, require_fitting
    from edgecheck.validation import inputs_of

    destinations = parse_destinations(output if output is not None else ([] if quiet else ["text"]))
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
