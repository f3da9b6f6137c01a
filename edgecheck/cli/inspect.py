"""`edgecheck inspect MODEL`: what is in the file."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = 8
"""Most scales, zero points or names that the text lists; `--json` has them all."""


def inspect(
    model: Annotated[Path, typer.Argument(help="The .tflite file.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Show what is in a model file: inputs and outputs, quantization, operators, metadata.

    Needs no runtime and runs nothing.
    """
    from dataclasses import asdict

    from edgecheck.runtime.support import reaches
    from edgecheck.tflite.inspection import inspection
    from edgecheck.tflite.reader import load_model

    data, graph = load_model(model)
    facts = {**inspection(data, graph), "loads_in": [asdict(reached) for reached in reaches(graph)]}
    if as_json:
        import json

        typer.echo(json.dumps(facts, indent=2, allow_nan=False))
        return
    from rich.console import Console

    _render(Console(highlight=False, emoji=False), model, facts)


def _render(console: "Console", path: Path, facts: dict[str, Any]) -> None:
    from edgecheck.tflite.names import printable

    _pairs(console, printable(path.name), _summary(facts))
    for title, ports in (("Inputs", facts["inputs"]), ("Outputs", facts["outputs"])):
        for port in ports:
            _pairs(console, f"{title[:-1]} {port['name']}", _port(port))
    operators = [(o["name"], o["version"], o["count"], o["kind"]) for o in facts["operators"]]
    _table(console, "Operators", ("name", "version", "count", "kind"), operators)
    _table(console, "Loads in", ("runtime", "from release", "missing"), _loads_in(facts))
    _table(console, "Signatures", ("key", "subgraph", "inputs", "outputs"), _signatures(facts))
    metadata = [(item["name"], _size(item["bytes"])) for item in facts["metadata"]]
    if facts["origin"]:
        _pairs(console, "Made by edgecheck convert", sorted(facts["origin"].items()))
    _table(console, "Metadata", ("name", "size"), metadata)
    files = [(name,) for name in facts["associated_files"]]
    _table(console, "Files packed behind the model", ("name",), files)
    for warning in facts["warnings"]:
        console.print(f"[yellow]warning:[/] {_safe(warning)}")


def _summary(facts: dict[str, Any]) -> list[tuple[str, str]]:
    file, constants = facts["file"], facts["constants"]
    state = "keeps variables between invocations" if facts["has_state"] else "none"
    return [
        ("size", _size(file["bytes"])),
        ("sha256", file["sha256"]),
        ("schema version", str(file["schema_version"])),
        ("description", file["description"] or "-"),
        ("min runtime", file["min_runtime_version"] or "not stored"),
        ("quantization", facts["scheme"]),
        ("state", state),
        ("constants", f"{constants['elements']:,} values, {_size(constants['bytes'])}"),
        ("activations", f"at least {_size(facts['activation_bytes'])} (largest operator, no plan)"),
    ]


def _port(port: dict[str, Any]) -> list[tuple[str, str]]:
    shape, signature = port["shape"], port["shape_signature"]
    dynamic = f"  (-1 where any size fits: {signature})" if signature != shape else ""
    rows = [("tensor", f"{port['index']}: {port['tensor']}"), ("dtype", port["dtype"])]
    rows.append(("shape", f"{shape}{dynamic}"))
    if "scale" in port:
        rows += [("scale", _first(port["scale"])), ("zero point", _first(port["zero_point"]))]
    if "formula" in port:
        low, high = port["representable_range"]
        rows += [("range", f"{low:.6g} to {high:.6g}"), ("formula", port["formula"])]
    return rows


def _signatures(facts: dict[str, Any]) -> list[tuple[object, ...]]:
    return [
        (item["key"], item["subgraph"], _first(item["inputs"]), _first(item["outputs"]))
        for item in facts["signatures"]
    ]


def _loads_in(facts: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(runtime, oldest release that has every operator, why no older one)."""
    return [
        (reached["runtime"], _from_release(reached), _first(map(_lack, reached["lacks"])))
        for reached in facts["loads_in"]
    ]


def _from_release(reached: dict[str, Any]) -> str:
    if reached["verdict"] == "no":
        return "none"
    older = " or older" if reached["is_oldest_known"] else ""
    doubt = " (unsure)" if reached["verdict"] == "unknown" else ""
    return f"{reached['oldest']}{older}{doubt}"


def _lack(lack: dict[str, Any]) -> str:
    version = f" v{lack['version']}" if lack["kind"] == "version" else ""
    return f"{lack['operator']}{version}"


def _first(values: Iterable[object]) -> str:
    listed = list(values)
    more = f", ... ({len(listed)} in all)" if len(listed) > SHOWN else ""
    return ", ".join(f"{v:.9g}" if isinstance(v, float) else str(v) for v in listed[:SHOWN]) + more


def _size(count: int) -> str:
    return f"{count:,} bytes"


def _safe(value: object) -> str:
    from rich.markup import escape

    return escape(str(value))


def _pairs(console: "Console", title: str, rows: Sequence[tuple[str, str]]) -> None:
    """A title and aligned "key  value" lines; long values are folded, nothing is cut off."""
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in rows:
        table.add_row(key, _safe(value))
    console.print(f"[bold]{_safe(title)}[/]", soft_wrap=True)
    console.print(table)
    console.print()


def _table(
    console: "Console", title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """A titled table; nothing at all where there are no rows."""
    from rich.table import Table

    if not rows:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        numeric = column in {"version", "count", "size", "subgraph"}
        table.add_column(column, overflow="fold", justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(_safe(cell) for cell in row))
    console.print(f"[bold]{title}[/]")
    console.print(table)
    console.print()
