"""`edgecheck repair SPEC MODEL -o FIXED`: new activation ranges, where they are the fault."""

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from edgecheck.cli.streams import discard_stdout
from edgecheck.cli.validate import Runtime, progress_bar

if TYPE_CHECKING:
    from edgecheck.findings import OutputMetrics, Report
    from edgecheck.repair import Repair

_WIDTH = 80
_MOST = 5
"""Findings and outputs that are shown."""


def repair(  # noqa: PLR0913, PLR0917  (one parameter an option)
    spec: Annotated[Path, typer.Argument(help="The spec that training wrote (YAML).")],
    model: Annotated[Path, typer.Argument(help="The .tflite file; it is never changed.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the repaired file goes.")],
    calibrate: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Samples to choose ranges from, the others prove the result; a seeded draw, or "
            "the first ones where the spec says `order: file`. Default: half, at most 200.",
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(metavar="PATH|twin", help="What to compare with, as in validate."),
    ] = None,
    runtime: Annotated[Runtime, typer.Option(help="Runtime, as in validate.")] = Runtime.AUTO,
    limit: Annotated[int | None, typer.Option(min=1, help="Most samples to use.")] = None,
    threads: Annotated[int, typer.Option(min=1, max=256, help="Threads of each interpreter.")] = 1,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds for loading, and for one run of one sample.")
    ] = 60.0,
    force: Annotated[bool, typer.Option("--force", help="Replace the file at --out.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no text.")] = False,
) -> None:
    """Recalibrate a quantized .tflite file from samples; write it only if it is proven better.

    Weights stay. Exit 0: written. 1: declined, nothing written. 2, 3: as in validate.
    """
    from edgecheck import repair as use_case
    from edgecheck.validation import Options

    validation = Options(
        reference=reference, runtime=runtime.value, limit=limit, threads=threads, timeout=timeout
    )
    options = use_case.RepairOptions(validation, calibrate, force)
    with progress_bar(not quiet) as progress:
        found = use_case.repair(spec, model, out, options, progress)
    if found.before.error is not None:
        _complain(found.before)
    elif not quiet:
        _print("\n".join(_lines(found, out)) + "\n")
    raise typer.Exit(found.exit_code)


def _complain(report: "Report") -> None:
    from edgecheck.cli.streams import complain

    if report.error is not None:
        complain(report.error.message, report.error.hint)


def _lines(found: "Repair", out: Path) -> Iterator[str]:
    if found.reason:
        yield _wrapped("DECLINED", f"{found.reason.rstrip('.')}. Nothing was written.")
    else:
        yield _wrapped("REPAIRED", f"{out} is better, and was written.")
    yield ""
    if found.after is not None and found.chosen is not None:
        yield from _table(found.before, found.after)
        yield ""
        tried = ", ".join(f"{name} {score:.1f} dB" for name, score in found.chosen.scores.items())
        yield _wrapped(
            "ranges",
            f"{found.chosen.method}, from {found.calibrated} samples; {found.changed} activations "
            f"changed. Tried: {tried}",
        )
    if not found.reason:
        yield from _ports(found)
    else:
        yield from _findings(found.before)


def _table(before: "Report", after: "Report") -> Iterator[str]:
    samples = 0 if before.metrics is None else before.metrics.samples
    yield f"  {f'on {samples} unseen samples':<46}{'before':>14}{'after':>14}"
    yield f"  {'verdict':<46}{before.verdict:>14}{after.verdict:>14}"
    new = {output.name: output for output in after.outputs}
    for old in before.outputs[:_MOST]:
        if old.name in new:
            yield from _rows(old, new[old.name])


def _rows(old: "OutputMetrics", new: "OutputMetrics") -> Iterator[str]:
    from edgecheck.tflite.names import printable

    rows = [("SQNR, dB", old.sqnr_db, new.sqnr_db, ".1f")]
    rows += [("SQNR of the movement, dB", old.variation_sqnr_db, new.variation_sqnr_db, ".1f")]
    rows += [("agreement", old.agreement, new.agreement, ".1%")]
    accuracies = [None if o.accuracy is None else o.accuracy.candidate for o in (old, new)]
    rows += [("accuracy", accuracies[0], accuracies[1], ".1%")]
    for title, was, now, form in rows:
        if was is not None and now is not None:
            name = printable(old.name)[: 44 - len(title)]
            yield f"  {f'{title} ({name})':<46.46}{format(was, form):>14}{format(now, form):>14}"


def _ports(found: "Repair") -> Iterator[str]:
    from edgecheck.tflite.names import printable

    for port in found.ports:
        (was, zero), (now, new_zero) = (
            (params.scales[0], params.zero_points[0]) for params in (port.before, port.after)
        )
        yield _wrapped(
            "changed",
            f"{port.kind} {printable(port.name)}: scale {was:.8g} -> {now:.8g}, zero point "
            f"{zero} -> {new_zero}. Device code that holds the old values must change.",
        )


def _findings(report: "Report") -> Iterator[str]:
    from edgecheck.improvement import errors_of

    for finding in errors_of(report)[:_MOST]:
        yield _wrapped("found", f"{finding.rule}: {finding.message}")


def _wrapped(title: str, text: str) -> str:
    start = f"{title:<10}"
    return fill(
        text,
        _WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()
