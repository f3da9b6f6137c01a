"""The operators that each release of a runtime knows, looked up in the generated JSON."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

FAMILIES: Final = ("tflite-runtime", "litert", "tensorflow", "tflm")
"""Runtimes with a table, by the names that specs use."""

_ANY = "any"
"""Versions of an operator of a runtime that does not look at them."""
_PRE_RELEASE = re.compile(r"(dev|rc|a|b)\d*", re.IGNORECASE)

Changes = Mapping[str, Mapping[str, str]]
"""Operator -> {release: versions that are accepted from this release on}."""


@dataclass(frozen=True)
class OperatorTable:
    """What the releases of one runtime know."""

    family: str
    releases: tuple[str, ...]
    """Those that were asked, the oldest first."""
    builtins: Changes
    custom: Changes

    def versions(self, name: str, release: str, *, is_custom: bool) -> str:
        """Versions of an operator that a release accepts, as "1-5,7"; "" if it lacks it.

        Args:
            name: a builtin's name, or a custom code.
            release: one of `releases`.
            is_custom: whether `name` is a custom code.
        """
        changes = (self.custom if is_custom else self.builtins).get(name, {})
        until = self.releases[: self.releases.index(release) + 1]
        return next((changes[one] for one in reversed(until) if one in changes), "")

    def accepts(self, name: str, version: int, release: str, *, is_custom: bool) -> bool:
        """Whether a release makes an interpreter of a file with this operator."""
        return _holds(self.versions(name, release, is_custom=is_custom), version)

    def known_since(self, name: str, version: int, *, is_custom: bool) -> str | None:
        """The oldest release from which on all accept an operator, if the newest does."""
        since = None
        for release in reversed(self.releases):
            if not self.accepts(name, version, release, is_custom=is_custom):
                break
            since = release
        return since


@cache
def table(family: str) -> OperatorTable:
    """The table of one of `FAMILIES`.

    Raises:
        KeyError: there is none of that name.
    """
    if family not in FAMILIES:
        raise KeyError(family)
    file = resources.files("edgecheck.runtime.operators") / f"{family.replace('-', '_')}.json"
    content = json.loads(file.read_text("utf-8"))
    releases = tuple(sorted(content["releases"], key=release_order))
    return OperatorTable(family, releases, content["builtins"], content["custom"])


def release_order(release: str) -> tuple[int, ...]:
    """A key that sorts releases by age: 2.14.0.dev7 < 2.14.0rc1 < 2.14.0 = 2.14 < 2.14.1.

    What follows a `+` is a local label and left out.
    """
    public = release.partition("+")[0]
    pre_release = _PRE_RELEASE.search(public)
    stable = public if pre_release is None else public[: pre_release.start()]
    numbers = [int(number) for number in re.findall(r"\d+", stable)][:4]
    padded = [*numbers, 0, 0, 0, 0][:4]
    if pre_release is None:
        return (*padded, 0, 0)
    serial = re.search(r"\d+", pre_release.group())
    stage = -2 if pre_release.group().lower().startswith("dev") else -1
    return (*padded, stage, int(serial.group()) if serial else 0)


def highest(versions: str) -> int | None:
    """The largest number in "1-5,7"; None where there is none."""
    return max((int(number) for number in re.findall(r"\d+", versions)), default=None)


def _holds(versions: str, version: int) -> bool:
    """Whether "1-5,7" holds a version."""
    if versions in {"", _ANY}:
        return versions == _ANY
    bounds = (part.split("-") for part in versions.split(","))
    return any(int(first) <= version <= int(last[0] if last else first) for first, *last in bounds)
