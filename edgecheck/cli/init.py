"""`edgecheck init MODEL`: write a first spec."""

from pathlib import Path
from typing import Annotated

import typer

from edgecheck.cli.options import Force


def init(
    model: Annotated[Path, typer.Argument(help="The .tflite file.", show_default=False)],
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE|PRESET",
            help="Where the preprocessing is known from: a Hugging Face preprocessor_config.json, or "
            "a preset as keras/mobilenet_v2 or torchvision/resnet18.",
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            help="What the model is for (classification, regression, detection, segmentation, "
            "embedding, autoencoder, other). Default: guessed from the file."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where the spec goes. Default: MODEL with .yaml."),
    ] = None,
    force: Force = False,
) -> None:
    """Write a first spec for a model: commented, with what was guessed and what is left to do.

    Read from its metadata, scales and first operators, and from --from. Needs no runtime.
    """
    from edgecheck import init as use_case
    from edgecheck.report.text_lines import printable

    written = use_case.init(model, out, source, task, force=force)
    lines = [
        f"WROTE     {written.path}",
        f'guessed   {written.guessed} values: check each "guessed" against the training code',
        f'open      {written.open} places: settle each "TODO"',
        f"next      {written.next_command}",
    ]
    typer.echo(printable("\n".join(lines)))
