"""The generated catalogue page is current, and its check can fail."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts" / "generate_rules_page.py"
PAGE = ROOT / "edgecheck" / "rules" / "README.md"


def generate(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_committed_page_is_current():
    assert generate("--check").returncode == 0


def test_written_page_passes_its_own_check(tmp_path):
    page = tmp_path / "page.md"
    assert generate("--path", page).returncode == 0
    assert generate("--check", "--path", page).returncode == 0
    assert page.read_bytes() == PAGE.read_bytes()


@pytest.mark.parametrize("content", [None, "", "an older page"])
def test_drift_is_reported(tmp_path, content):
    page = tmp_path / "page.md"
    if content is not None:
        page.write_text(content)
    done = generate("--check", "--path", page)
    assert done.returncode == 1
    assert "out of date" in done.stderr
