"""Every rule is proven in use: a case that it finds, a case that it leaves alone, and a user."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import edgecheck
from edgecheck.rules.catalogue import RULES

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGE = Path(edgecheck.__file__).parent
SCRIPT = ROOT / "scripts" / "make_acceptance_cases.py"
NAMES = [rule.name for rule in RULES]
MOST_BYTES = {".tflite": 4096, ".npz": 20_000, ".bmp": 4096}


def problems(cases, names):
    """What is wrong with a folder of cases, given the names of all rules."""
    found = [
        f"{name} has no {kind} case"
        for name in names
        for kind in ("positive", "negative")
        if not (cases / name / kind / "expected.json").is_file()
    ]
    folders = [path for path in cases.iterdir() if path.is_dir() and path.name != "__pycache__"]
    found += [f"{path.name} is no rule" for path in folders if path.name not in names]
    for path in sorted(cases.glob("*/*/expected.json")):
        told, (rule, kind) = json.loads(path.read_text())["rule"], path.parts[-3:-1]
        if told != rule:
            found.append(f"{rule}/{kind} is about {told}")
        if kind not in ("positive", "negative"):
            found.append(f"{rule}/{kind} is neither positive nor negative")
    return found


def unused(modules, package):
    """Those modules of rules that nothing in the package outside `rules/` imports."""
    outside = [path for path in package.rglob("*.py") if "rules" not in path.parts]
    used = {name for path in outside for name in _imported(ast.parse(path.read_text("utf-8")))}
    return sorted(set(modules) - used)


def _imported(tree):
    """Every module, and every name in one, that `from ... import ...` brings in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_rule_has_a_positive_and_a_negative_case():
    assert problems(HERE, NAMES) == []


def test_every_rule_is_used_outside_the_catalogue():
    assert unused({rule.__module__ for rule in RULES}, PACKAGE) == []


@pytest.mark.parametrize("suffix", MOST_BYTES)
def test_files_of_cases_stay_small(suffix):
    sizes = {path: path.stat().st_size for path in HERE.rglob(f"*{suffix}")}
    assert sizes
    assert {path: size for path, size in sizes.items() if size > MOST_BYTES[suffix]} == {}


def test_cases_are_what_the_script_writes():
    command = [sys.executable, str(SCRIPT), "--check"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_drifted_missing_and_foreign_files_are_reported(tmp_path):
    command = [sys.executable, str(SCRIPT), "--folder", str(tmp_path)]
    subprocess.run(command, check=True)
    drifted, missing = tmp_path / "zero-output/positive", tmp_path / "load-failed/negative"
    (drifted / "spec.yaml").write_text("version: 2")
    (drifted / "notes.txt").write_text("")
    (missing / "model.tflite").unlink()
    run = subprocess.run([*command, "--check"], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    lines = [line.split(";")[0].removeprefix("out of date: ") for line in run.stderr.splitlines()]
    assert lines == [
        "load-failed/negative/model.tflite",
        "zero-output/positive/notes.txt",
        "zero-output/positive/spec.yaml",
    ]


def _write_case(folder, rule):
    folder.mkdir(parents=True)
    (folder / "expected.json").write_text(json.dumps({"rule": rule}))


def test_rule_without_a_negative_case_is_refused(tmp_path):
    _write_case(tmp_path / "a" / "positive", "a")
    assert problems(tmp_path, ["a"]) == ["a has no negative case"]


def test_case_that_names_no_rule_is_refused(tmp_path):
    _write_case(tmp_path / "b" / "positive", "a")
    assert problems(tmp_path, []) == ["b is no rule", "b/positive is about a"]


def test_case_of_an_unknown_kind_is_refused(tmp_path):
    for kind in ("positive", "negative", "neutral"):
        _write_case(tmp_path / "a" / kind, "a")
    assert problems(tmp_path, ["a"]) == ["a/neutral is neither positive nor negative"]


def test_rule_that_only_the_catalogue_imports_is_refused(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "catalogue.py").write_text("from p.rules.x.a import A, B")
    (tmp_path / "check.py").write_text("from p.rules.x import b")
    assert unused(["p.rules.x.a", "p.rules.x.b"], tmp_path) == ["p.rules.x.a"]
