"""`edgecheck replay BUNDLE [MODEL]`: does this device answer what the host recorded?"""

from pathlib import Path
from typing import Annotated

import typer

from edgecheck.cli.delivery import deliver_made, requested
from edgecheck.cli.options import (
    Baseline,
    Delegate,
    FailOn,
    FailOnChoice,
    Output,
    Quiet,
    Runtime,
    RuntimeChoice,
    Threads,
    Timeout,
    Verbose,
)


def replay(  # noqa: PLR0913, PLR0917  (one parameter an option)
    bundle: Annotated[Path, typer.Argument(help="What `edgecheck record` wrote.")],
    model: Annotated[
        Path | None,
        typer.Argument(help="Another file of the same inputs and outputs; default: the recorded."),
    ] = None,
    runtime: RuntimeChoice = Runtime.AUTO,
    delegate: Delegate = None,
    threads: Threads = 1,
    timeout: Timeout = 60.0,
    baseline: Baseline = None,
    fail_on: FailOnChoice = FailOn.ERROR,
    output: Output = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Replay a golden bundle on this device, and hold its answers against those of the host.

    Exit 0: as recorded, and as good as the reference. 1: not so. 3: bundle, model or runtime are
    unusable, or nothing was proven.
    """
    from edgecheck.replay import replay as run
    from edgecheck.report.destinations import require_apart
    from edgecheck.validation import Options, broken_report

    destinations = requested(output, is_quiet=quiet, is_detailed=verbose)
    read = [path for path in (bundle, model, baseline) if path is not None]
    require_apart(destinations, read)
    options = Options(
        runtime=runtime.value,
        delegate=delegate,
        threads=threads,
        timeout=timeout,
        fail_on=fail_on.value,
        baseline=None if baseline is None else str(baseline),
    )
    code = deliver_made(
        lambda progress: run(bundle, model, options, progress),
        lambda error: broken_report(options, error),
        destinations,
        shows_progress=not quiet,
    )
    raise typer.Exit(code)
