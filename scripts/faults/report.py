"""The JSON report of a benchmark, and its table for a terminal."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from typing import Any

from faults.runner import Left
from faults.score import (
    Answer,
    baseline_rates,
    confusion,
    grouped,
    is_false_alarm,
    is_right,
    named,
    rates,
)
from faults.wilson import Share

_PACKAGES = (
    "numpy", "tensorflow", "tensorflow-cpu", "keras", "ai-edge-litert", "tflite-runtime", "pillow",
)  # fmt: skip
Nested = Mapping[str, Mapping[str, Share]]


def report_of(
    answers: Sequence[Answer],
    left: Sequence[Left],
    unseen: frozenset[str],
    settings: Mapping[str, str],
) -> dict[str, Any]:
    """Everything that was measured, as plain data.

    Args:
        answers: of all runs.
        left: cases that could not be made, or were none.
        unseen: names of bases that no threshold was fitted on.
        settings: how the benchmark was called.
    """
    faults = [answer for answer in answers if answer.kind == "fault"]
    benign = [answer for answer in faults if answer.is_benign]
    return {
        "summary": _plain(rates(answers)),
        "unseen_bases": _plain(rates([a for a in answers if a.base in unseen])),
        "by_area": _nested(grouped(faults, lambda answer: answer.area)),
        "by_fault": _nested(grouped(faults, lambda answer: answer.variant)),
        "by_base": _nested(grouped(answers, lambda answer: answer.base)),
        "by_control": _nested(
            grouped([a for a in answers if a.kind == "control"], lambda a: a.variant)
        ),
        "confusion": confusion(answers),
        "baselines": _nested(baseline_rates(answers)),
        "benign": {
            "cases": len(benign),
            "called_broken": sum(map(is_false_alarm, benign)),
            "list": [_shown(answer) for answer in benign],
        },
        "missed": [_shown(a) for a in faults if not a.is_benign and not is_right(a, 1)],
        "missed_pairs": [_shown(a) for a in answers if a.kind == "pair" and not is_right(a, 3)],
        "false_alarms": [_shown(a) for a in answers if a.kind == "control" and is_false_alarm(a)],
        "failures": [{"id": a.id, "reason": a.failure} for a in answers if a.failure],
        "left_out": [asdict(each) for each in left],
        "settings": settings,
        "versions": _versions(),
        "answers": [asdict(answer) for answer in answers],
    }


def table_of(report: Mapping[str, Any]) -> str:
    """What a person wants to see first, at most 80 columns wide."""
    lines = ["", f"{'':30}{'value':>8}{'95 % interval':>18}{'n':>7}"]
    for section in ("summary", "unseen_bases"):
        lines += [section.replace("_", " ")]
        lines += [_row(name, share) for name, share in report[section].items() if share["n"]]
    lines += ["", f"{'area':30}{'recall':>8}{'top 1':>8}{'top 3':>8}{'proven':>8}{'n':>7}"]
    lines += [_wide(name, found) for name, found in report["by_area"].items()]
    lines += ["", f"{'fault':46}{'recall':>8}{'top 1':>8}{'top 3':>8}{'n':>7}"]
    lines += [
        _wide(name, found, 46, ("recall", "top1", "top3"))
        for name, found in report["by_fault"].items()
        if found and found["top1"]["value"] < 1
    ] or ["  (every fault was named right)"]
    lines += ["", f"{'baseline':30}{'recall':>8}{'false alarms':>18}"]
    lines += [
        f"{name:30}{_percent(found['recall']):>8}{_percent(found['false_alarm_rate']):>18}"
        for name, found in report["baselines"].items()
    ]
    counts = {name: len(report[name]) for name in ("false_alarms", "failures", "left_out")}
    lines += ["", ", ".join(f"{name.replace('_', ' ')}: {n}" for name, n in counts.items())]
    benign = report["benign"]
    lines += [f"benign: {benign['cases']}, of which called broken: {benign['called_broken']}"]
    return "\n".join(lines)


def _row(name: str, share: Mapping[str, Any]) -> str:
    ends = f"{100 * share['low']:.1f} to {100 * share['high']:.1f}"
    return f"  {name.replace('_', ' '):28}{_percent(share):>8}{ends:>18}{share['n']:>7}"


def _wide(
    name: str,
    found: Mapping[str, Mapping[str, Any]],
    width: int = 30,
    columns: Sequence[str] = ("recall", "top1", "top3", "proof_rate"),
) -> str:
    cells = "".join(f"{_percent(found.get(column)):>8}" for column in columns)
    count = found.get("recall", {}).get("n", 0)
    return f"{name[: width - 1]:{width}}{cells}{count:>7}"


def _percent(share: Mapping[str, Any] | None) -> str:
    return "-" if not share or share["value"] is None else f"{100 * share['value']:.1f}"


def _shown(answer: Answer) -> dict[str, Any]:
    return {
        "id": answer.id,
        "agreement": answer.harm,
        "exit_code": answer.exit_code,
        "named": named(answer),
        "findings": [list(finding) for finding in answer.findings if finding[1] != "info"],
    }


def _plain(shares: Mapping[str, Share]) -> dict[str, Any]:
    return {name: asdict(share) for name, share in shares.items()}


def _nested(groups: Nested) -> dict[str, Any]:
    return {name: _plain(shares) for name, shares in groups.items()}


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
