"""Whether a runtime will load a model, told from its operators alone: nothing is run.

When an interpreter is made, TFLite looks up every operator that the file lists, used or not, by
name and version, and gives up at the first that it does not find. A custom operator is missed
when tensors are allocated, and only in the graph that is allocated. Which releases know what was
measured, see `operators`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from edgecheck.runtime.operators.table import (
    FAMILIES,
    OperatorTable,
    highest,
    release_order,
    table,
)
from edgecheck.tflite.graph import Model, Operator

Verdict = Literal["yes", "no", "unknown"]
LackKind = Literal["version", "builtin", "custom", "flex"]

FLEX = "Flex"
"""Custom codes of TensorFlow operators that run in the Flex delegate start with it."""
_ALL_FLEX = "Flex*"
"""How a table lists the Flex delegate, which knows all of them."""


@dataclass(frozen=True)
class Lack:
    """One operator that a release does not have, or may not have."""

    kind: LackKind
    operator: str
    version: int
    highest: int | None
    """Highest version that the release knows (of any release: the newest one); None if it lacks
    the operator altogether."""
    known_since: str | None
    """The oldest release of the runtime from which on all know it; None if the newest does not."""
    is_certain: bool
    """False where the release was not measured, or the operator may never be needed there."""


@dataclass(frozen=True)
class Support:
    """The answer for one model and one runtime."""

    runtime: str
    release: str | None
    """As asked; None stands for any release."""
    verdict: Verdict
    """"yes" says that no operator is missing: shapes and types can still be refused."""
    lacks: tuple[Lack, ...]
    """What is missing, or may be: the certain ones first, each operator and version once."""


@dataclass(frozen=True)
class _Use:
    """An operator as a table knows it."""

    name: str
    version: int
    is_custom: bool
    is_main: bool
    """Whether it is in the graph that is always allocated."""

    @property
    def listed(self) -> str:
        return _ALL_FLEX if self.is_flex else self.name

    @property
    def is_flex(self) -> bool:
        return self.is_custom and self.name.startswith(FLEX)


def loads(
    model: Model, runtime: str, release: str | None = None, *, custom: Sequence[str] = ()
) -> Support:
    """Whether a runtime has every operator of a model.

    A release that was not measured is judged by its measured neighbours: "no" only where both
    lack an operator, "yes" only where both have it. A release after the newest is taken to know
    no less than it does; nothing is certain about those before the oldest.

    Args:
        model: the file.
        runtime: one of `FAMILIES`; the answer about any other is "unknown".
        release: as "2.14.0"; None asks about all releases at once.
        custom: custom operators that the application registers.
    """
    if runtime not in FAMILIES:
        return Support(runtime, release, "unknown", ())
    known, uses = table(runtime), _uses(model, runtime, custom)
    lacks = tuple(lack for use in uses if (lack := _lack(known, use, release)) is not None)
    ordered = tuple(sorted(lacks, key=lambda lack: not lack.is_certain))
    if not ordered:
        return Support(runtime, release, "yes", ())
    return Support(runtime, release, "no" if ordered[0].is_certain else "unknown", ordered)


@dataclass(frozen=True)
class Reach:
    """Which releases of a runtime have every operator of a model."""

    runtime: str
    verdict: Verdict
    """"yes" from `oldest` on, "no" if no release has them all, "unknown" if none surely has."""
    oldest: str | None
    """The oldest release that was measured and is not sure to refuse the model."""
    is_oldest_known: bool
    """Whether no older release was measured."""
    lacks: tuple[Lack, ...]
    """yes: what the release before `oldest` lacks; no: what the newest one lacks; unknown: what
    `oldest` may lack."""


def reach(model: Model, runtime: str) -> Reach:
    """The oldest release of a runtime that has every operator of a model.

    Raises:
        KeyError: the runtime has no table.
    """
    releases = table(runtime).releases
    refused: tuple[Lack, ...] = ()
    for release in releases:
        support = loads(model, runtime, release)
        if support.verdict != "no":
            lacks = refused if support.verdict == "yes" else support.lacks
            return Reach(runtime, support.verdict, release, release == releases[0], lacks)
        refused = support.lacks
    return Reach(runtime, "no", None, False, refused)


def reaches(model: Model) -> tuple[Reach, ...]:
    """`reach` for every runtime that has a table."""
    return tuple(reach(model, runtime) for runtime in FAMILIES)


def _uses(model: Model, runtime: str, registered: Sequence[str]) -> list[_Use]:
    """Each operator and version once, in the order of the file; those registered left out."""
    found: dict[tuple[str, int], _Use] = {}
    for graph in model.subgraphs:
        for operator in graph.operators:
            use = _use(operator, is_main=graph.index == 0)
            if not (use.is_custom and use.name in registered):
                found.setdefault((use.name, use.version), use)
    if runtime != "tflm":  # which looks up what it runs, and nothing else
        for code in model.operator_codes:
            if not code.is_custom:
                found.setdefault((code.name, code.version), _use(code, is_main=True))
    return list(found.values())


def _use(operator: Operator, *, is_main: bool) -> _Use:
    return _Use(operator.name, operator.version, operator.is_custom, is_main)


def _lack(known: OperatorTable, use: _Use, release: str | None) -> Lack | None:
    """What a release lacks of one operator, or None."""
    judges = list(_judges(known, release))
    has = [known.accepts(use.listed, use.version, one, is_custom=use.is_custom) for one in judges]
    is_older = release is not None and release_order(release) < release_order(known.releases[0])
    is_newer = release is not None and release_order(release) > release_order(known.releases[-1])
    if all(has) and not is_older:
        return None
    is_measured = not any(has) and not is_older and not is_newer
    is_certain = is_measured and (use.is_main or not use.is_custom)
    nearest = judges[-1] if release is None else judges[0]
    versions = known.versions(use.listed, nearest, is_custom=use.is_custom)
    return Lack(
        kind=_kind(use, versions),
        operator=use.name,
        version=use.version,
        highest=highest(versions),
        known_since=known.known_since(use.listed, use.version, is_custom=use.is_custom),
        # Firmware registers its own operators with TFLM.
        is_certain=is_certain and not (known.family == "tflm" and use.is_custom),
    )


def _kind(use: _Use, versions: str) -> LackKind:
    if use.is_custom:
        return "flex" if use.is_flex else "custom"
    return "version" if versions else "builtin"


def _judges(known: OperatorTable, release: str | None) -> Iterator[str]:
    """The measured releases that a release is judged by: itself, or its neighbours."""
    if release is None:
        yield from known.releases
        return
    order = release_order(release)
    older = [one for one in known.releases if release_order(one) <= order]
    newer = [one for one in known.releases if release_order(one) >= order]
    yield from dict.fromkeys([*older[-1:], *newer[:1]])
