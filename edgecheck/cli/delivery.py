"""Reports on their way out: to stdout, and to the files that were asked for."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgecheck.cli.progress import progress_bar
from edgecheck.cli.streams import complain, discard_stdout

if TYPE_CHECKING:
    from edgecheck.compare.stream import Progress
    from edgecheck.report.destinations import Destination
    from edgecheck.report.json_format import Document


def requested(
    output: list[str] | None, *, is_quiet: bool = False, is_detailed: bool = False
) -> "Sequence[Destination]":
    """What --output asks for: text on stdout if nothing, and not that either if it is to be quiet.

    Raises:
        UsageError: an unknown format, a place that cannot be, or one place for two.
    """
    from edgecheck.report.destinations import parse_destinations

    default = [] if is_quiet else ["text"]
    return parse_destinations(default if output is None else output, is_detailed=is_detailed)


def require_other_place(destinations: "Sequence[Destination]", out: Path) -> None:
    """Refuse a report that would replace the new file.

    Raises:
        UsageError: a destination is `out`.
    """
    from edgecheck.errors import UsageError

    places = {os.path.realpath(each.path) for each in destinations if each.path is not None}
    if os.path.realpath(out) in places:
        raise UsageError(
            f"a report and the new file were asked for at {out}",
            hint="give the report a path of its own: --output json:report.json",
        )


def deliver_made(
    make: "Callable[[Progress], Document]",
    stopped: "Callable[[Exception], Document]",
    destinations: "Sequence[Destination]",
    *,
    shows_progress: bool,
) -> int:
    """Make a report and write it; a bug still leaves one behind before it goes on its way.

    Args:
        make: the whole work, telling its progress.
        stopped: the report of work that an error ended.
        destinations: looked at before the work begins.
        shows_progress: on stderr.

    Returns:
        The exit code.
    """
    from edgecheck.errors import ReportUnwritable
    from edgecheck.report.destinations import require_writable

    try:
        require_writable(destinations)
        with progress_bar(shows_progress) as progress:
            document = make(progress)
    except ReportUnwritable as error:
        document = stopped(error)
    except Exception as error:
        deliver(stopped(error), destinations)
        raise
    return deliver(document, destinations)


def deliver(document: "Document", destinations: "Sequence[Destination]") -> int:
    """Write every report; the exit code, which an unwritable report changes."""
    code = write_all(document, destinations) or document.exit_code
    shows_text = any(d.path is None and d.format == "text" for d in destinations)
    if document.error is not None and not shows_text:
        complain(document.error.message, document.error.hint)
    return code


def write_all(document: "Document", destinations: "Sequence[Destination]") -> int:
    """Write every report; 0, or the exit code of one that could not be written."""
    from edgecheck.errors import ReportUnwritable
    from edgecheck.report.destinations import write

    code = 0
    for destination in destinations:
        try:
            if destination.path is None:
                _print(document, destination)
            else:
                write(destination, document)
        except ReportUnwritable as error:
            complain(error.message, error.hint)
            code = error.exit_code
    return code


def _print(document: "Document", destination: "Destination") -> None:
    """Write a report to stdout."""
    from edgecheck.report.destinations import FORMATS

    if destination.format == "text":
        print_text(_for_terminal(document, is_detailed=destination.is_detailed))
    else:
        print_text(FORMATS[destination.format](document))


def print_text(text: str) -> None:
    """Write to stdout; whoever stops reading (`| head -1`) has read enough.

    Raises:
        ReportUnwritable: stdout takes nothing.
    """
    from edgecheck.errors import ReportUnwritable

    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()
    except OSError as error:
        discard_stdout()
        reason = f"cannot write the report to stdout: {error.strerror}"
        raise ReportUnwritable(
            reason, hint="write it to a file: --output json:report.json"
        ) from None


def _for_terminal(document: "Document", *, is_detailed: bool) -> str:
    """The text, in the width and colours of the terminal; 80 columns and plain elsewhere."""
    from rich.console import Console

    from edgecheck.report.destinations import text_of
    from edgecheck.report.text_lines import WIDTH

    console = Console()
    width = console.width if console.is_terminal or "COLUMNS" in os.environ else WIDTH
    is_coloured = console.color_system is not None and not console.no_color
    is_coloured = is_coloured and not console.legacy_windows
    return text_of(document, width=width, is_coloured=is_coloured, is_detailed=is_detailed)
