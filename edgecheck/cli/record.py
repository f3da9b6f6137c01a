"""`edgecheck record SPEC MODEL -o BUNDLE`: what a device is to answer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecheck.cli.delivery import print_text
from edgecheck.cli.options import (
    AllowCode,
    Force,
    Limit,
    Runtime,
    RuntimeChoice,
    SpecPath,
    Threads,
    Timeout,
)
from edgecheck.cli.progress import progress_bar

if TYPE_CHECKING:
    from edgecheck.record import RecordedBundle


def record(  # noqa: PLR0913, PLR0917  (one parameter an option)
    spec: SpecPath,
    model: Annotated[Path, typer.Argument(help="The .tflite file to be shipped.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the bundle goes.")],
    reference: Annotated[
        str | None,
        typer.Option(metavar="PATH|twin|none", help="What to compare with, as in validate."),
    ] = None,
    runtime: RuntimeChoice = Runtime.AUTO,
    threads: Threads = 1,
    limit: Limit = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="Record every inner tensor of the model, too.")
    ] = False,
    timeout: Timeout = 60.0,
    allow_code: AllowCode = False,
    force: Force = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, and no text.")] = False,
) -> None:
    """Record a golden bundle: inputs and answers of this host, for `edgecheck replay` on a device.

    Exit 0: written, also where the model is bad (a replay says so again). 2, 3: as in validate.
    """
    from edgecheck import record as use_case
    from edgecheck.validation import Options

    options = Options(
        reference=reference,
        runtime=runtime.value,
        threads=threads,
        limit=limit,
        layers="always" if layers else "never",
        timeout=timeout,
        allow_code=allow_code,
    )
    with progress_bar(not quiet) as progress:
        made = use_case.record(spec, model, out, options, progress, force=force)
    if not quiet:
        print_text(_told(made))


def _told(made: "RecordedBundle") -> str:
    manifest, report = made.manifest, made.report
    samples = f"{manifest.count} sample{'s' * (manifest.count != 1)}"
    name = (manifest.reference or {}).get("name")
    beside = "no reference" if name is None else f"reference {name}"
    lines = [
        f"{made.path}: {samples} of {manifest.model_name}, {beside}, {made.size_bytes} bytes",
        f"On this host: {report.summary}",
    ]
    if report.verdict == "fail":
        lines.append("A replay of this bundle will fail, too.")
    return "\n".join(lines) + "\n"
