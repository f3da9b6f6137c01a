"""`edgecheck render REPORT.json`: any format of a report, later and elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecheck.cli.delivery import requested, write_all
from edgecheck.cli.options import Output, Verbose

if TYPE_CHECKING:
    from edgecheck.findings import Report


def render(
    report: Annotated[Path, typer.Argument(help="A report in JSON, of any command.")],
    output: Output = None,
    tolerances: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=NUMBER,...",
            help="Judge parity again, without a run: agreement=0.9,sqnr_db=15. Exits with the verdict.",
        ),
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Write a report again in other formats. Needs no model, samples or runtime.

    Exits 0 once they are written, whatever the report says; with --tolerances as validate would.
    """
    from edgecheck.report.destinations import (
        kind_of,
        require_apart,
        require_fitting,
        require_writable,
    )
    from edgecheck.report.stored import read_document

    destinations = requested(output, is_detailed=verbose)
    require_apart(destinations, [report])
    require_writable(destinations)
    document = read_document(report) if tolerances is None else _judged_again(report, tolerances)
    require_fitting(destinations, kind_of(document))
    code = 0 if tolerances is None else document.exit_code
    raise typer.Exit(write_all(document, destinations) or code)


def _judged_again(report: Path, tolerances: str) -> "Report":
    from edgecheck.rejudge import judged_under, parse_tolerances
    from edgecheck.report.stored import read_report

    given = parse_tolerances(tolerances)
    return judged_under(read_report(report), given)
