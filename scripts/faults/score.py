"""From answers to rates. The definitions were fixed before edgecheck ran on any case.

* detected: an error-level finding; for `match`, exit 1. A note (a fault whose rule is by design less
  than an error, with nothing else wrong) is detected by the finding itself.
* named, in order: the causes of the report. `match` names what its findings name, harmless notes
  left out. A note that is found while no cause is named counts as named.
* top 1, top 3: an acceptable name of the fault is the first, or among the first three.
* false alarm: an error-level finding, exit 1, or a named cause on a healthy control.
* proof rate: among the validations whose first cause is right, the share that says `proven`.
* pairs: both faults are among the first three.

A benign case (faults/case.py) is counted apart, in no rate. A run that crashed, timed out or holds
a crashed check is listed; of a fault it counts as one that detects and names nothing, of a control
it does not count.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from faults.case import Names
from faults.wilson import Share, share

NOTHING = "(none)"
Kind = Literal["fault", "control", "pair"]


@dataclass(frozen=True)
class Answer:
    """One run of the command line, and what was right."""

    id: str
    kind: Kind
    base: str
    seed: int
    variant: str
    """Of the control; key of the fault; keys of both, joined by `+`."""
    area: str
    """Of the fault; empty for a control and a pair."""
    command: str
    expected: tuple[Names, ...]
    """Acceptable names of each fault: none for a control, two for a pair."""
    is_note: bool = False
    harm: float | None = None
    """Agreement by the definition of the fault; None where it is stated."""
    is_benign: bool = False
    exit_code: int | None = None
    failure: str = ""
    """Why the run says nothing: crashed, timed out, without a report."""
    causes: tuple[tuple[str, str], ...] = ()
    """(rule, confidence), in order."""
    findings: tuple[tuple[str, str, str], ...] = ()
    """(rule, severity, role), in order."""
    alarms: Mapping[str, bool] = field(default_factory=dict)
    """What each baseline says."""
    seconds: float = 0.0


def is_detected(answer: Answer) -> bool:
    """Whether the run says that something is wrong, or notes what is to be noted."""
    if answer.failure:
        return False
    if answer.is_note:
        return bool({rule for rule, _, _ in answer.findings} & set(_acceptable(answer)))
    is_error = any(severity == "error" for _, severity, _ in answer.findings)
    return is_error or (answer.command == "match" and answer.exit_code == 1)


def named(answer: Answer) -> list[str]:
    """The names that the run gives, best first, each once."""
    if answer.failure:
        return []
    names = [rule for rule, _ in answer.causes]
    if answer.command == "match" and not names:
        names = [rule for rule, severity, _ in answer.findings if severity != "info"]
    if answer.is_note and not names and is_detected(answer):
        names = list(_acceptable(answer)[:1])
    return list(dict.fromkeys(names))


def is_right(answer: Answer, among: int) -> bool:
    """Whether every fault is among the first so many names."""
    first = set(named(answer)[:among])
    return bool(answer.expected) and all(first & set(names) for names in answer.expected)


def is_false_alarm(answer: Answer) -> bool:
    """Whether a healthy control is called broken."""
    return is_detected(answer) or bool(named(answer))


def is_proven(answer: Answer) -> bool:
    """Whether the first cause was undone in an experiment."""
    return bool(answer.causes) and answer.causes[0][1] == "proven"


def rates(answers: Iterable[Answer]) -> dict[str, Share]:
    """recall, top1, top3, false_alarm_rate, proof_rate and pairs over any selection of answers."""
    counted = [answer for answer in answers if not answer.is_benign]
    faults = [answer for answer in counted if answer.kind == "fault"]
    controls = [answer for answer in counted if answer.kind == "control" and not answer.failure]
    pairs = [answer for answer in counted if answer.kind == "pair"]
    found = [a for a in faults if a.command == "validate" and not a.is_note and is_right(a, 1)]
    return {
        "recall": _share(faults, is_detected),
        "top1": _share(faults, lambda answer: is_right(answer, 1)),
        "top3": _share(faults, lambda answer: is_right(answer, 3)),
        "false_alarm_rate": _share(controls, is_false_alarm),
        "proof_rate": _share(found, is_proven),
        "pairs_top3": _share(pairs, lambda answer: is_right(answer, 3)),
    }


def grouped(answers: Sequence[Answer], key: Callable[[Answer], str]) -> dict[str, dict[str, Share]]:
    """`rates` of each group, in order of the keys; what a group cannot say is left out."""
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        groups[key(answer)].append(answer)
    return {
        name: {rate: value for rate, value in rates(groups[name]).items() if value.n}
        for name in sorted(groups)
        if name
    }


def confusion(answers: Iterable[Answer]) -> dict[str, dict[str, int]]:
    """Expected name -> first name that was given -> how often; single faults that are not benign."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for answer in answers:
        if answer.kind == "fault" and not answer.is_benign:
            table[answer.expected[0][0]][(named(answer) or [NOTHING])[0]] += 1
    return {name: dict(table[name].most_common()) for name in sorted(table)}


def baseline_rates(answers: Iterable[Answer]) -> dict[str, dict[str, Share]]:
    """Recall and false alarms of every baseline, on the single faults and controls.

    Notes are left out: no output is wrong there.
    """
    counted = [a for a in answers if not a.is_benign and not a.is_note and a.alarms]
    names = dict.fromkeys(name for answer in counted for name in answer.alarms)
    kinds = (("recall", "fault"), ("false_alarm_rate", "control"))
    alarms = {
        rate: [answer.alarms for answer in counted if answer.kind == kind] for rate, kind in kinds
    }
    return {
        name: {rate: share(sum(said[name] for said in of), len(of)) for rate, of in alarms.items()}
        for name in names
    }


def _share(answers: Sequence[Answer], is_hit: Callable[[Answer], bool]) -> Share:
    return share(sum(map(is_hit, answers)), len(answers))


def _acceptable(answer: Answer) -> Names:
    return tuple(name for names in answer.expected for name in names)
