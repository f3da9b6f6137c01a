"""`edgecheck repair`: what is printed, written and returned."""

import json

import pytest
from command_line import COLLAPSED, HEALTHY, SPEC, edgecheck, environment

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
        ((SPEC, COLLAPSED, "-o", "x" * 300), 3, "cannot write"),
        ((SPEC, COLLAPSED), 2, "out"),
        ((SPEC, "missing.tflite", "-o", "x.tflite"), 3, "missing.tflite"),
        (("missing.yaml", COLLAPSED, "-o", "x.tflite"), 3, "missing.yaml"),
    ],
)
def test_what_cannot_work_is_told_before_anything_runs(arguments, code, words, tmp_path):
    before = COLLAPSED.read_bytes(), SPEC.read_bytes()
    done = edgecheck("repair", *arguments, cwd=tmp_path)
    assert done.returncode == code
    assert words in " ".join((done.stdout + done.stderr).split())
    assert (COLLAPSED.read_bytes(), SPEC.read_bytes()) == before
    assert list(tmp_path.iterdir()) == []


def test_quiet_prints_nothing(tmp_path):
    done = edgecheck("repair", SPEC, HEALTHY, "-o", tmp_path / "x.tflite", *FAST, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_json_and_text_go_where_they_are_sent(tmp_path):
    out, told, said = (tmp_path / name for name in ("fixed.tflite", "repair.json", "repair.txt"))
    where = ("--output", f"json:{told}", "--output", f"text:{said}")
    done = edgecheck("repair", SPEC, COLLAPSED, "-o", out, *FAST, *where)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    found = json.loads(told.read_text())
    assert (found["kind"], found["written"], found["exit_code"]) == ("repair", str(out), 0)
    assert (found["calibrated"], found["unseen"]) == (50, 50)
    assert (found["before"]["verdict"], found["after"]["verdict"]) == ("fail", "pass")
    assert found["method"] in found["scores_db"]
    (port,) = found["ports"]
    assert (port["kind"], port["before"]["scale"]) == ("input", 1.0)
    assert said.read_text().startswith("REPAIRED")
    assert {path.name for path in tmp_path.iterdir()} == {out.name, told.name, said.name}


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        ((SPEC, COLLAPSED, "-o", COLLAPSED), 2, "usage"),
        ((SPEC, "missing.tflite", "-o", "x.tflite"), 3, "input-missing"),
        ((SPEC, COLLAPSED, "-o", "x.tflite", "--limit", "20"), 3, "unusable"),
        ((SPEC, COLLAPSED, "-o", "x.tflite", "--limit", "50", "--calibrate", "49"), 2, "usage"),
    ],
)
def test_an_error_is_in_the_json_and_on_stderr(arguments, code, kind, tmp_path):
    done = edgecheck("repair", *arguments, "--output", "json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert (done.returncode, found["exit_code"], found["error"]["exit_code"]) == (code,) * 3
    assert (found["written"], found["error"]["kind"]) == (None, kind)
    assert done.stderr.startswith("error: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["fixed.tflite", "./fixed.tflite"])
def test_a_report_never_replaces_the_new_file_or_an_input(path, tmp_path):
    for target in (path, COLLAPSED, SPEC):
        before = COLLAPSED.read_bytes(), SPEC.read_bytes()
        arguments = (SPEC, COLLAPSED, "-o", "fixed.tflite", "--output", f"json:{target}")
        done = edgecheck("repair", *arguments, cwd=tmp_path)
        assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (2, "", [])
        assert (COLLAPSED.read_bytes(), SPEC.read_bytes()) == before


@pytest.mark.parametrize("place", ["choose", "runtime_objection"])
def test_an_interruption_leaves_nothing_behind(place, tmp_path):
    work, temporary = tmp_path / "work", tmp_path / "temporary"
    work.mkdir()
    temporary.mkdir()
    stop = f"import edgecheck.recalibration.workshop as r\ndef stop(*_): raise KeyboardInterrupt\nr.Workshop.{place} = stop"
    where = ("-o", "fixed.tflite", "--output", "json:repair.json")
    env = environment(TMPDIR=str(temporary))
    done = edgecheck("repair", SPEC, COLLAPSED, *where, *FAST, before=stop, cwd=work, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
    assert list(work.iterdir()) == list(temporary.iterdir()) == []
