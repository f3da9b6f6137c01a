"""Options that several commands have, each said once; and what they can be set to."""

from enum import Enum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from edgecheck.cli.completion import format_names


class Runtime(str, Enum):
    """Runtimes that can be asked for."""

    AUTO = "auto"
    LITERT = "litert"
    TFLITE_RUNTIME = "tflite-runtime"
    TENSORFLOW = "tensorflow"
    TFLM = "tflm"


class FailOn(str, Enum):
    """The gravity of a finding from which the run fails."""

    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


SpecPath: TypeAlias = Annotated[Path, typer.Argument(help="The spec that training wrote (YAML).")]

RuntimeChoice: TypeAlias = Annotated[
    Runtime, typer.Option(help="Runtime; auto takes the spec's, else the first that works.")
]

Delegate: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="LIB[,key=value...]",
        help="Run the model with this delegate, such as libedgetpu.so.1.",
    ),
]

Threads: TypeAlias = Annotated[
    int, typer.Option(min=1, max=256, help="Threads of each interpreter.")
]

Limit: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Most samples to use; a seeded draw.")
]

Timeout: TypeAlias = Annotated[
    float, typer.Option(min=0.1, help="Seconds for loading, and for one run of one sample.")
]

AllowCode: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--allow-code", help="Run code that a trained model brings along (Lambda layers)."
    ),
]

Baseline: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="REPORT.json", help="Report of the last release: what became worse is an error."
    ),
]

FailOnChoice: TypeAlias = Annotated[FailOn, typer.Option(help="What fails the run.")]

Force: TypeAlias = Annotated[bool, typer.Option("--force", help="Replace the file at --out.")]

Output: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FORMAT[:PATH]",
        autocompletion=format_names,
        help="A report to stdout or a file: text, json, html, junit, sarif, markdown, "
        "github, csv or model-explorer; repeatable.",
    ),
]

OutputWithoutLayers: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FORMAT[:PATH]",
        autocompletion=format_names,
        help="A report to stdout or a file: text, json, html, junit, sarif, markdown or "
        "github; repeatable.",
    ),
]

Verbose: TypeAlias = Annotated[
    bool, typer.Option("--verbose", "-v", help="Text with every check, layer and setting.")
]

Quiet: TypeAlias = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress, and no text unless asked for.")
]
