"""`edgecheck rules`: the list of everything that edgecheck can find."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edgecheck.rules.base import Severity

_STYLES: "dict[Severity, str]" = {"error": "red", "warning": "yellow", "info": "blue"}


def rules(
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead of text.")] = False,
) -> None:
    """List all rules, by area, with severity and role."""
    if as_json:
        _print_json()
    else:
        _print_text()


def _print_json() -> None:
    """One array of objects: name, area, severity, role, summary."""
    import json

    from edgecheck.rules.base import page
    from edgecheck.rules.catalogue import RULES, area_of

    entries = [
        {
            "name": rule.name,
            "area": area_of(rule),
            "severity": rule.severity,
            "role": rule.role,
            "summary": page(rule).summary,
        }
        for rule in RULES
    ]
    typer.echo(json.dumps(entries, indent=2))


def _print_text() -> None:
    from itertools import groupby

    from rich.console import Console
    from rich.text import Text

    from edgecheck.rules.base import page
    from edgecheck.rules.catalogue import RULES, area_of

    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for area, members in groupby(RULES, key=area_of):
        console.print(area, style="bold")
        for rule in members:
            line = Text(f"  {rule.name:<36}")
            line.append(f"{rule.severity:<9}", style=_STYLES[rule.severity])
            line.append(rule.role)
            console.print(line)
            console.print(f"      {page(rule).summary}", style="dim")
        console.print()
    console.print("`edgecheck explain NAME` shows the page of one of them.")
