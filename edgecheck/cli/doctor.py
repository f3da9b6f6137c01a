"""`edgecheck doctor`: which runtimes are usable here, and the exact fix for each that is not."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edgecheck.runtime.discovery import Status


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show which runtimes work here, by running a tiny model in each.

    Exits 0 if one works, else 3.
    """
    from edgecheck.runtime.backends import BACKENDS
    from edgecheck.runtime.discovery import probe
    from edgecheck.runtime.trained.probe import probe_trained

    runtimes = [probe(backend) for backend in BACKENDS.values()]
    statuses = [*runtimes, *probe_trained()]
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps([asdict(status) for status in statuses], indent=2))
    else:
        _print(statuses)
    usable = any(status.state == "usable" for status in runtimes)
    raise typer.Exit(0 if usable else 3)


def _print(statuses: "list[Status]") -> None:
    import platform

    import numpy as np
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, emoji=False, soft_wrap=True)
    console.print(f"Python {platform.python_version()}, numpy {np.__version__}\n")
    styles = {"usable": "green", "broken": "red", "missing": "dim"}
    for index, status in enumerate(statuses):
        if status.use == "reference" and statuses[index - 1].use == "candidate":
            console.print("\nreferences in the formats")
        line = Text(f"{status.name:<16}{status.version or '':<10}")
        line.append(status.state, style=styles[status.state])
        console.print(line)
        if status.problem:
            console.print(Text(f"    {status.problem}"))
            console.print(Text(f"    to fix: {status.fix}"))
    usable = (s.name for s in statuses if s.state == "usable" and s.use == "candidate")
    chosen = next(usable, None)
    console.print(f"\n`validate` uses {chosen}." if chosen else "\n`validate` cannot run a model.")
