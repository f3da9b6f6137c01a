"""`edgecheck repair`: what is printed, written and returned."""

import pytest
from command_line import COLLAPSED, HEALTHY, SPEC, edgecheck

pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")
FAST = ("--limit", "100", "--runtime", "litert")


def test_a_repair_prints_before_and_after_in_80_columns(tmp_path):
    out = tmp_path / "fixed.tflite"
    done = edgecheck("repair", SPEC, COLLAPSED, "-o", out, "--limit", "100")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("REPAIRED")
    assert all(len(line) <= 80 or str(out) in line for line in lines)
    rows = {line.split("  ")[1]: line.split()[-2:] for line in lines if line.startswith("  ")}
    assert rows["verdict"] == ["fail", "pass"]
    assert rows["agreement (output_0)"][1] in {"100.0%", "98.0%"}
    assert "Device code" in " ".join(done.stdout.split())
    assert out.exists()
    again = edgecheck("validate", SPEC, out, *FAST)
    assert again.returncode == 0


def test_a_decline_says_why_and_exits_1(tmp_path):
    out = tmp_path / "fixed.tflite"
    done = edgecheck("repair", SPEC, HEALTHY, "-o", out, *FAST)
    assert done.returncode == 1
    assert done.stdout.startswith("DECLINED")
    assert "Nothing was written." in " ".join(done.stdout.split())
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((SPEC, COLLAPSED, "-o", COLLAPSED), 2, "is an input of this run"),
        ((SPEC, COLLAPSED, "-o", SPEC, "--force"), 2, "is an input of this run"),
        ((SPEC, COLLAPSED, "-o", "no/such/folder/x.tflite"), 3, "there is no folder"),
        ((SPEC, COLLAPSED), 2, "out"),
        ((SPEC, "missing.tflite", "-o", "x.tflite"), 3, "missing.tflite"),
        (("missing.yaml", COLLAPSED, "-o", "x.tflite"), 3, "missing.yaml"),
    ],
)
def test_what_cannot_work_is_told_before_anything_runs(arguments, code, words, tmp_path):
    before = COLLAPSED.read_bytes(), SPEC.read_bytes()
    done = edgecheck("repair", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert (COLLAPSED.read_bytes(), SPEC.read_bytes()) == before
    assert list(tmp_path.iterdir()) == []


def test_quiet_prints_nothing(tmp_path):
    done = edgecheck("repair", SPEC, HEALTHY, "-o", tmp_path / "x.tflite", *FAST, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
