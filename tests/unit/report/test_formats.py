"""Every format: golden files, and what holds of any report however it names things.

`EDGECHECK_UPDATE_GOLDEN=1 pytest tests/unit/report` rewrites the golden files.
"""

import csv
import io
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft4Validator
from lxml import etree, html
from markdown_it import MarkdownIt
from reports import (
    any_conversion,
    any_repair,
    any_report,
    conversion,
    declined,
    failing,
    inconclusive,
    passing,
    proven,
    repaired,
    stopped,
)

from edgecheck.errors import UsageError
from edgecheck.report.destinations import FORMATS
from edgecheck.report.destinations import render as rendered
from edgecheck.report.difference import difference_report

GOLDEN = Path(__file__).parents[2] / "golden"
MAKERS = {"pass": passing, "fail": failing, "inconclusive": inconclusive, "proven": proven}
DATA = Path(__file__).parents[2] / "data"
JENKINS = etree.XMLSchema(etree.parse(DATA / "junit-10.xsd"))
SARIF = Draft4Validator(json.loads((DATA / "sarif-schema-2.1.0.json").read_text()))
ENDINGS = {
    "junit": "xml", "sarif": "json", "markdown": "md", "github": "txt", "csv": "csv",
    "model-explorer": "json",
}  # fmt: skip
OUR_HTML = re.compile(r"<summary>[^<]*</summary>|</?details>|<!-- -->")


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("format_", ENDINGS)
def test_a_report_is_the_golden_file(format_, name):
    path = GOLDEN / format_ / f"{name}.{ENDINGS[format_]}"
    text = FORMATS[format_](MAKERS[name]())
    text = _without_pages(text) if format_ == "sarif" else text
    if os.environ.get("EDGECHECK_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def _without_pages(text):
    """Pages of rules change more often than the format does."""
    found = json.loads(text)
    rules = found["runs"][0]["tool"]["driver"]["rules"]
    rules[:] = [{"id": rule["id"]} for rule in rules]
    return json.dumps(found, indent=2) + "\n"


def _strict_json(text):
    def refuse(name):
        raise ValueError(name)

    json.loads(text, parse_constant=refuse)


def _junit(text):
    found = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False))
    JENKINS.assertValid(found)


def _sarif(text):
    _strict_json(text)
    SARIF.validate(json.loads(text))


def _markdown(text):
    """No links, pictures or HTML but ours, and nobody is called."""
    assert len(text) < 65_536
    for token in _tokens(MarkdownIt("commonmark").enable("table").parse(text)):
        assert token.type not in {"link_open", "image", "code_block", "fence"}
        if token.type in {"html_block", "html_inline"}:
            assert not OUR_HTML.sub("", token.content).strip(), token.content
        if token.type == "text":
            assert not re.search(r"[@#]\w|\bgh-\d", token.content, re.IGNORECASE)
        if token.type == "code_inline":
            assert re.fullmatch(r"[\w .,=-]+", token.content, re.ASCII)
    assert not re.search(r"(?<!\\)://|www\.|mailto:", re.sub("`[^`]+`", "", text))


def _tokens(tokens):
    for token in tokens:
        yield token
        yield from token.children or ()


def _commands(text):
    for line in text.splitlines():
        properties, message = re.fullmatch(r"::(?:error|warning|notice) (.*?)::(.*)", line).groups()
        assert re.search(r"%(?!25|0A)", message) is None
        for entry in properties.split(","):
            name, _, value = entry.partition("=")
            assert name in {"file", "line", "col", "title"}
            assert re.search(r":|%(?!25|0A|2C|3A)", value) is None
    levels = [line.split(" ", 1)[0] for line in text.splitlines()]
    assert all(levels.count(level) <= 10 for level in levels)


def _table(text):
    head, *rows = csv.reader(io.StringIO(text))
    for row in rows:
        assert len(row) == len(head)
        for cell in row:
            if cell.lstrip().startswith(("=", "+", "-", "@")):
                float(cell)


def _page(text):
    html.document_fromstring(text)


READERS = {
    "text": str, "json": _strict_json, "junit": _junit, "sarif": _sarif,
    "markdown": _markdown, "github": _commands, "csv": _table, "model-explorer": _strict_json,
    "html": _page,
}  # fmt: skip


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_report)
def test_any_report_renders_safely_in_every_format(report):
    for name, render in FORMATS.items():
        text = render(report)
        READERS[name](text)
        stray = {char for char in text if not (char.isprintable() or char == "\n")}
        assert not stray, (name, stray)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_repair | any_conversion)
def test_any_repair_or_conversion_renders_safely_where_it_comes_in_the_format(document):
    for name in ("junit", "sarif", "markdown", "github"):
        READERS[name](FORMATS[name](document))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_report, any_report)
def test_any_difference_renders_safely_where_it_comes_in_the_format(before, after):
    found = difference_report(before, after)
    for name in ("junit", "markdown", "github"):
        READERS[name](FORMATS[name](found))
    READERS["markdown"](FORMATS["markdown"](replace(after, baseline=found.difference)))
    with pytest.raises(UsageError, match="no findings of its own"):
        FORMATS["sarif"](found)


@pytest.mark.parametrize("make", [repaired, declined, stopped, conversion])
@pytest.mark.parametrize("name", ["csv", "model-explorer"])
def test_layers_of_what_has_none_are_refused(make, name):
    with pytest.raises(UsageError, match=f"does not come as {name}"):
        rendered(make(), name)


def test_every_format_has_a_reader():
    assert set(FORMATS) <= set(READERS)
