"""What an acceptance case is: a folder with a spec, its files, and what edgecheck must say."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Literal

import yaml


@dataclass(frozen=True)
class Case:
    """One case folder, `<rule>/<kind>`."""

    rule: str
    kind: Literal["positive", "negative"]
    story: str
    """What happened to the engineer who has these files; the comment above the spec."""
    spec: Mapping[str, Any]
    files: Mapping[str, bytes]
    """Name -> content; `model.tflite` is the candidate."""
    expected: Mapping[str, Any]

    def contents(self) -> dict[str, bytes]:
        """Every file of the folder: path below it -> content."""
        comment = "".join(f"# {line}\n" for line in wrap(self.story, 90))
        text = comment + yaml.safe_dump(dict(self.spec), sort_keys=False, width=90)
        told = json.dumps(self.expected, indent=2) + "\n"
        return {**self.files, "spec.yaml": text.encode(), "expected.json": told.encode()}


def positive(
    rule: str, story: str, spec: Mapping[str, Any], files: Mapping[str, bytes], **expected: object
) -> Case:
    """The rule must be among the findings.

    `expected` changes what is usual (exit 1, an error), or adds role, evidence and arguments.
    """
    usual = {"arguments": [], "exit_code": 1, "rule": rule, "severity": "error"}
    return Case(rule, "positive", story, spec, files, {**usual, **expected})


def negative(
    rule: str, story: str, spec: Mapping[str, Any], files: Mapping[str, bytes], **expected: object
) -> Case:
    """A healthy model that looks like the fault: exit 0, and the rule is not among the findings."""
    usual = {"arguments": [], "exit_code": 0, "rule": rule}
    return Case(rule, "negative", story, spec, files, {**usual, **expected})
