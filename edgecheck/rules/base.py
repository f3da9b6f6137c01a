"""What a rule is: a named defect class, whose instances carry the facts of one occurrence."""

import inspect
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

Severity = Literal["error", "warning", "info"]
Role = Literal["cause", "symptom", "note"]

SECTIONS = (
    "What it means",
    "Why it happens",
    "How edgecheck knows",
    "How to fix",
    "References",
)
"""Headings of every rule page, in order."""


@dataclass(frozen=True)
class Rule:
    """Base of all rules. A subclass is a frozen dataclass whose fields are the typed facts.

    Its docstring is the page that `edgecheck explain NAME` shows: a first line, then the
    `SECTIONS`. Fields must be JSON values: they become the finding's evidence as they are.
    """

    name: ClassVar[str]
    """Kebab-case and permanent: a rule is never renamed."""
    severity: ClassVar[Severity]
    """The default; the finding carries the effective one."""
    role: ClassVar[Role]

    def message(self) -> str:
        """What was found, with its numbers, in one or two sentences."""
        raise NotImplementedError

    def fix(self) -> str:
        """What to do about this occurrence, in one or two sentences."""
        raise NotImplementedError

    def evidence(self) -> dict[str, Any]:
        """The facts, by field name."""
        return asdict(self)


@dataclass(frozen=True)
class Page:
    """The page of one rule, split at its headings."""

    name: str
    severity: Severity
    role: Role
    summary: str
    sections: dict[str, str]


def page(rule: type[Rule]) -> Page:
    """The page of a rule, read from its docstring.

    Raises:
        ValueError: a section is missing, empty or out of order.
    """
    text = inspect.cleandoc(rule.__doc__ or "")
    head, *blocks = text.split("\n## ")
    sections = {}
    for block in blocks:
        title, _, body = block.partition("\n")
        sections[title.strip()] = body.strip()
    if tuple(sections) != SECTIONS or not all(sections.values()):
        raise ValueError(f"{rule.__name__}: a page needs {SECTIONS}, found {tuple(sections)}")
    return Page(rule.name, rule.severity, rule.role, head.strip(), sections)
