"""The standard streams: closed, full, broken or unable to spell a letter, they crash nothing."""

import io
import os
import sys
from typing import TextIO

import typer


def prepare_streams() -> None:
    """Make stdout and stderr usable, whatever the shell handed over.

    A character that the terminal's encoding lacks is escaped. A stream that came closed (`>&-`)
    gets its number taken, so that no file of ours is given it; stdout then fails when it is
    written, as it should.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_RDWR)
    sys.stdout = sys.stdout or _opened(1)
    sys.stderr = sys.stderr or _opened(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard_stdout() -> None:
    """Send what is left to nowhere: Python would try again at exit, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def complain(message: str, hint: str) -> None:
    """Say on stderr what went wrong, and what to do."""
    from edgecheck.report.text_lines import printable

    lines = [f"error: {message}"] + ([f"to fix: {hint}"] if hint else [])
    typer.echo(printable("\n".join(lines)), err=True)


def _opened(number: int) -> TextIO:
    return open(number, "w", encoding="utf-8", closefd=False)
