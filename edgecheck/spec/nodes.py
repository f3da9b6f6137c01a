"""From text to PyYAML's node tree, whose nodes know their positions.

Only PyYAML's safe machinery is used, and of that only what builds nodes: no object is ever
constructed from a tag.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import yaml

from edgecheck.errors import SpecProblem
from edgecheck.spec.scalars import NULL, TEXT, tag_of
from edgecheck.spec.source import Refused

MAX_DEPTH = 32
MAX_NODES = 50_000

_PLAIN_WORDS: Mapping[str, str] = {
    r"found character '\\t' that cannot start any token": (
        "a tab is not allowed here; indent with spaces"
    ),
    r"found character '(.*)' that cannot start any token": (
        r"a value cannot start with '\1'; put it in quotes"
    ),
    r"mapping values are not allowed here": (
        "a ':' is not expected here; check the indentation, and put text that has ': ' in quotes"
    ),
    r"could not find expected ':'": "expected ':' after this key",
    r"expected <block end>, but found .*": "the indentation does not match the lines above",
    r"expected ('.' or '.'), but got '<stream end>'": r"expected \1 before the end of the file",
    r"expected ('.' or '.'), but got '(.*)'": r"expected \1, found '\2'",
    r"expected the node content, but found '(.*)'": r"expected a value, found '\1'",
    r"sequence entries are not allowed here": "a '-' item is not expected here; start a new line",
    r"found unexpected end of stream": "a quote is never closed",
    r"but found another document": "found a second document; a spec is one, without '---' inside",
}


def compose(text: str) -> tuple[yaml.Node | None, tuple[SpecProblem, ...]]:
    """The root node (None for an empty file), and problems that did not stop the reading.

    Raises:
        Refused: a syntax error, or deeper or larger than any spec.
    """
    loader = _Loader(text)
    try:
        return loader.get_single_node(), tuple(loader.problems)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error) from None
    except (ValueError, OverflowError):
        # PyYAML lets these escape for code points and version numbers out of range.
        message = "not valid YAML: a number in an escape or directive is out of range"
        raise Refused(loader.line + 1, loader.column + 1, message) from None
    finally:
        loader.dispose()


_COLLECTIONS: Mapping[type[yaml.Node], str] = {
    yaml.SequenceNode: "tag:yaml.org,2002:seq",
    yaml.MappingNode: "tag:yaml.org,2002:map",
}

_Mark: TypeAlias = Any
"""yaml.Mark, whose type differs between PyYAML's Python and C parts, or None."""


class _Loader(yaml.SafeLoader):
    """Composes nodes with scalars of YAML 1.2, without tags, anchors or aliases."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.problems: list[SpecProblem] = []
        self._depth = 0
        self._count = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        self._count += 1
        if self._depth >= MAX_DEPTH:
            raise _refused(event.start_mark, f"nested deeper than {MAX_DEPTH} levels")
        if self._count > MAX_NODES:
            raise _refused(event.start_mark, f"more than {MAX_NODES} keys and values")
        if isinstance(event, yaml.AliasEvent):
            return self._without_alias()
        self._without_anchor_and_tag(event)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        if kind is yaml.ScalarNode:
            return tag_of(value) if implicit[0] else TEXT
        return _COLLECTIONS[kind]

    def _without_alias(self) -> yaml.Node:
        event = self.get_event()  # type: ignore[no-untyped-call]
        self._report(event, f"aliases are not allowed: write the value of '*{event.anchor}' out")
        return yaml.ScalarNode(NULL, "", event.start_mark, event.end_mark)

    def _without_anchor_and_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor is not None:
            self._report(event, "anchors (&) are not allowed: write values out where they are used")
            event.anchor = None
        if event.tag is not None:
            self._report(event, "tags (!) are not allowed: remove it, or put text in quotes")
            event.tag = None

    def _report(self, event: yaml.Event, message: str) -> None:
        self.problems.append(_refused(event.start_mark, message).problem)


def _refused(mark: _Mark, message: str) -> Refused:
    return Refused(mark.line + 1, mark.column + 1, message) if mark else Refused(1, 1, message)


def _syntax_error(error: yaml.MarkedYAMLError) -> Refused:
    mark = error.problem_mark or error.context_mark
    problem = str(error.problem)
    for pattern, words in _PLAIN_WORDS.items():
        if match := re.fullmatch(pattern, problem, re.DOTALL):
            return _refused(mark, match.expand(words) + _since(error))
    return _refused(mark, f"not valid YAML: {problem}{_since(error)}")


def _since(error: yaml.MarkedYAMLError) -> str:
    """Where the construct began that the error is in, if that is on another line."""
    start, end = error.context_mark, error.problem_mark
    if start is None or end is None or start.line == end.line:
        return ""
    return f" (in what begins on line {start.line + 1})"
