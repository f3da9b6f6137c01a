"""A spec file as plain values, with the position of every key and value."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from edgecheck.errors import SpecProblem
from edgecheck.spec.nodes import compose
from edgecheck.spec.scalars import TEXT, value_of
from edgecheck.spec.source import Refused, decode, describe, not_text
from edgecheck.spec.wording import quoted

DocumentPath: TypeAlias = tuple[str | int, ...]
"""Keys and list indices from the root."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_/-]{1,60}")
"""A key that needs no quotes in a path."""


@dataclass(frozen=True)
class Place:
    """Where something is in the file; lines and columns count from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """The values of a file, and where they are. Lists are tuples."""

    value: dict[str, object] | None
    """None when the file could not be read at all."""
    keys: Mapping[DocumentPath, Place]
    """Place of each key; of a list item, the place of its value."""
    values: Mapping[DocumentPath, Place]
    """Place of each value."""
    problems: tuple[SpecProblem, ...]

    def nearest(self, path: DocumentPath) -> DocumentPath:
        """The part of a path that exists: parts that the file does not have are left out."""
        existing: DocumentPath = ()
        for part in path:
            if (*existing, part) in self.values:
                existing = (*existing, part)
        return existing


def read_document(data: bytes) -> Document:
    """The document in the bytes of a file; whatever is wrong with it is in its problems."""
    try:
        root, problems = compose(decode(data))
    except Refused as refusal:
        return Document(None, {}, {}, (refusal.problem,))
    if not isinstance(root, yaml.MappingNode):
        what = "nothing" if root is None else "a list or a single value"
        message = f"found {what}, expected keys and values, such as `version: 1`"
        place = _place(root) if root else Place(1, 1)
        return Document(None, {}, {}, (*problems, _problem(place, (), message)))
    reader = _Reader(problems=list(problems))
    value = reader.mapping(root, ())
    return Document(value, reader.keys, reader.values, tuple(reader.problems))


@dataclass
class _Reader:
    """Turns nodes into values, and notes places and problems on the way."""

    problems: list[SpecProblem]
    keys: dict[DocumentPath, Place] = field(default_factory=dict)
    values: dict[DocumentPath, Place] = field(default_factory=dict)

    def mapping(self, node: yaml.MappingNode, path: DocumentPath) -> dict[str, object]:
        self.values[path] = _place(node)
        self.keys.setdefault(path, self.values[path])
        return dict(self._items(node, path))

    def _items(self, node: yaml.MappingNode, path: DocumentPath) -> Iterator[tuple[str, object]]:
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is not None:
                below = (*path, key)
                self.keys[below] = _place(key_node)
                yield key, self._value(value_node, below)

    def _key(self, node: yaml.Node, path: DocumentPath) -> str | None:
        """The key, unless it is none or has been given before."""
        if node.tag != TEXT:
            shown = quoted(node.value) if isinstance(node, yaml.ScalarNode) else "a list or mapping"
            self._report(node, path, f"found {shown} as a key, expected text; put it in quotes")
            return None
        key = str(node.value)
        if control := not_text(key):
            self._report(node, path, describe(control[0]))
            return None
        first = self.keys.get((*path, key))
        if first:
            message = f"key {quoted(key)} is given twice, first on line {first.line}"
            self._report(node, (*path, key), message)
        return None if first else key

    def _value(self, node: yaml.Node, path: DocumentPath) -> object:
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        self.values[path] = _place(node)
        self.keys.setdefault(path, self.values[path])
        if isinstance(node, yaml.SequenceNode):
            return tuple(self._value(item, (*path, i)) for i, item in enumerate(node.value))
        return self._scalar(node, path)

    def _scalar(self, node: yaml.Node, path: DocumentPath) -> object:
        """The value, or None when it is refused here."""
        if control := not_text(node.value):
            self._report(node, path, describe(control[0]))
            return None
        try:
            return value_of(node.tag, node.value)
        except ValueError as error:
            self._report(node, path, str(error))
            return None

    def _report(self, node: yaml.Node, path: DocumentPath, message: str) -> None:
        self.problems.append(_problem(_place(node), path, message))


def written(path: DocumentPath) -> str:
    """A path as `inputs.image.steps[1].resize`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{quoted(part)}]"
    return text


def _problem(place: Place, path: DocumentPath, message: str) -> SpecProblem:
    return SpecProblem(place.line, place.column, written(path), message)


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
