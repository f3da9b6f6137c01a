"""`edgecheck explain NAME` and `edgecheck rules`, as a main application registers them."""

import json
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from edgecheck.cli.explain import explain
from edgecheck.cli.rules import rules
from edgecheck.errors import UsageError
from edgecheck.rules.base import SECTIONS, page
from edgecheck.rules.catalogue import RULES, area_of


@pytest.fixture
def run(monkeypatch):
    """Run a command line; returns its result."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    app = typer.Typer()
    app.command()(explain)
    app.command()(rules)
    return lambda *arguments, **env: CliRunner(env=env).invoke(app, arguments)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_explain_shows_the_whole_page(run, rule):
    done = run("explain", rule.name)
    shown = page(rule)
    assert done.exit_code == 0
    for text in (shown.name, shown.summary, *SECTIONS, *shown.sections.values()):
        assert text in done.stdout
    assert f"{rule.severity}, {rule.role}, area {area_of(rule)}" in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stdout.isascii()


def test_explain_keeps_references_whole_on_a_narrow_terminal(run):
    done = run("explain", "class-collapse", COLUMNS="20")
    assert "* https://github.com/shaqian/flutter_tflite/issues/222\n" in done.stdout


def test_explain_of_an_unknown_rule_is_a_usage_error(run):
    error = run("explain", "class-colapse").exception
    assert isinstance(error, UsageError)
    assert "`class-collapse`" in error.hint


def test_rules_lists_every_rule_within_80_columns(run):
    lines = run("rules").stdout.splitlines()
    for rule in RULES:
        line = next(line for line in lines if line.split()[:1] == [rule.name])
        assert line.split()[1:] == [rule.severity, rule.role]
        assert lines[lines.index(line) + 1].strip() == page(rule).summary
    assert max(map(len, lines)) <= 80


def test_rules_json_is_the_same_list(run):
    entries = json.loads(run("rules", "--json").stdout)
    assert [entry["name"] for entry in entries] == [rule.name for rule in RULES]
    assert entries[0] == {
        "name": "model-file-invalid",
        "area": "file",
        "severity": "error",
        "role": "cause",
        "summary": "The bytes of the file are not a TensorFlow Lite model.",
    }


@pytest.mark.parametrize("command", [("rules",), ("explain", "parity-loss")])
def test_colour_is_there_on_demand_and_never_under_no_color(run, command):
    coloured = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    assert "\x1b[" in run(*command, **coloured).stdout
    plain = run(*command, **coloured, NO_COLOR="1").stdout
    assert "\x1b[3" not in plain  # colours; bold remains


def test_commands_load_neither_rules_nor_rich_until_called():
    code = (
        "import sys, edgecheck.cli.explain, edgecheck.cli.rules;"
        "sys.exit(any(name.startswith('edgecheck.rules') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
