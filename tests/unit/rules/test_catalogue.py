"""What holds for every rule, and how a rule is found by its name."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

import edgecheck.rules
from edgecheck.errors import UsageError
from edgecheck.rules.base import SECTIONS, page
from edgecheck.rules.catalogue import RULES, area_of, rule_named

PACKAGE = Path(edgecheck.rules.__file__).parent
AREAS = {
    "file",
    "runtime",
    "input",
    "quantization",
    "output",
    "training",
    "dataset",
    "device",
    "gate",
}
REFERENCE = re.compile(
    r"\* (https://github\.com/[\w.-]+/[\w.-]+/(issues|pull)/\d+|[A-Za-z].* (documentation|\(arXiv))"
)

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def modules() -> set[str]:
    """`area/name` of each rule module that exists."""
    return {
        f"{path.parent.name}/{path.stem}"
        for path in PACKAGE.glob("*/*.py")
        if path.stem != "__init__"
    }


def test_catalogue_lists_each_rule_module_once():
    listed = [f"{area_of(rule)}/{rule.__module__.split('.')[-1]}" for rule in RULES]
    assert sorted(listed) == sorted(modules())
    assert {area_of(rule) for rule in RULES} == AREAS


def test_rules_of_one_area_stand_together():
    areas = [area_of(rule) for rule in RULES]
    starts = [area for area, before in zip(areas, [None, *areas], strict=False) if area != before]
    assert len(starts) == len(set(starts))


def test_names_are_unique():
    assert len({rule.name for rule in RULES}) == len(RULES)


@every_rule
def test_name_is_kebab_case_and_that_of_module_and_class(rule):
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", rule.name)
    assert rule.__module__.split(".")[-1] == rule.name.replace("-", "_")
    assert rule.__name__ == "".join(word.title() for word in rule.name.split("-"))


@every_rule
def test_severity_and_role_are_known(rule):
    assert rule.severity in {"error", "warning", "info"}
    assert rule.role in {"cause", "symptom", "note"}


@every_rule
def test_rule_is_a_frozen_dataclass(rule):
    assert dataclasses.is_dataclass(rule)
    assert rule.__dataclass_params__.frozen


@every_rule
def test_page_is_complete_and_readable_at_80_columns(rule):
    shown = page(rule)
    lines = "\n".join(shown.sections.values()).splitlines()
    assert tuple(shown.sections) == SECTIONS
    assert re.fullmatch(r"[A-Z].{20,74}\.", shown.summary)
    assert 15 <= len(lines) + len(SECTIONS) <= 35
    assert [line for line in lines if len(line) > 78 and "https://" not in line] == []
    assert shown.summary.isascii()
    assert "".join(lines).isascii()


@every_rule
def test_references_are_threads_or_documents(rule):
    references = page(rule).sections["References"].splitlines()
    entries = [line for line in references if not line.startswith(" ")]
    assert entries
    assert [line for line in entries if not REFERENCE.match(line)] == []


@pytest.mark.parametrize("module", sorted(modules()))
def test_rule_module_is_short(module):
    assert len((PACKAGE / f"{module}.py").read_text().splitlines()) < 110


def test_catalogue_imports_no_numpy():
    code = "import sys, edgecheck.rules.catalogue; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@every_rule
def test_rule_is_found_by_its_name(rule):
    assert rule_named(rule.name) is rule


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("class-colapse", "class-collapse"),
        ("Constant_Output", "constant-output"),
        ("nchw", "layout-nchw-nhwc"),
        ("not normalized", "input-not-normalized"),
    ],
)
def test_unknown_name_gets_the_names_that_come_close(wrong, meant):
    with pytest.raises(UsageError) as caught:
        rule_named(wrong)
    assert f"`{meant}`" in caught.value.hint
    assert wrong in caught.value.message


@pytest.mark.parametrize("wrong", ["", "-", "zzzz", "\x1b[31m" + "x" * 10_000_000, "\udcff"])
def test_name_like_no_other_gets_no_guess(wrong):
    with pytest.raises(UsageError) as caught:
        rule_named(wrong)
    assert "Did you mean" not in caught.value.hint
    assert "edgecheck rules" in caught.value.hint
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 100
