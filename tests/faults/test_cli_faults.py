"""What shells, terminals, disks and impatient people do to the command line."""

import json
import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from command_line import (
    COLLAPSED,
    DIGITS,
    HEALTHY,
    SPEC,
    command,
    edgecheck,
    environment,
    heed_signals,
    shell,
)
from fake_runtime import write_fake
from models import identity

NEEDS_FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has /dev/full")
SHORT = ("--reference", "none", "--layers", "never", "--limit", "40")
"""The collapsed model still runs and fails, without the search for the reason."""


def _hanging(folder):
    """A spec and a model, and a stand-in for the runtime that never answers a run."""
    write_fake(folder, at_invoke="time.sleep(600)", spares_probe=True)
    (folder / "model.tflite").write_bytes(identity((1, 2)))
    np.save(folder / "x.npy", np.ones((50, 2), np.float32))
    spec = folder / "spec.yaml"
    spec.write_text(
        "version: 1\nmodel: {task: other}\ninputs: {x: {kind: array, shape: [2]}}\n"
        "dataset: {path: x.npy}\n"
    )
    return spec, folder / "model.tflite"


def _children(process):
    listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(child) for child in listed]


def _until(condition, seconds=30):
    """Wait for what `condition` returns to be true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


def _is_running(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().split(") ")[1][0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are read from /proc")
@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_is_130_and_leaves_nothing_behind(signal_, tmp_path):
    spec, model = _hanging(tmp_path)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    report = tmp_path / "report.json"
    process = subprocess.Popen(
        command("validate", spec, model, "--output", f"json:{report}"),
        env=environment(PYTHONPATH=str(tmp_path), TMPDIR=str(temporary)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_signals,
    )
    children = _until(lambda: _children(process.pid))
    folders = _until(lambda: _mapped_folders(process.pid))
    os.killpg(process.pid, signal_)  # as a terminal does
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.strip()) == (130, "", "interrupted")
    _until(lambda: not any(map(_is_running, children)))
    assert not report.exists()
    assert not list(tmp_path.glob(".edgecheck-*"))
    assert not [folder for folder in folders if folder.exists()]
    assert not list(temporary.iterdir())


def _mapped_folders(process):
    """Where the exchange files lie that a process has mapped."""
    lines = Path(f"/proc/{process}/maps").read_text().splitlines()
    return {Path(line.split()[-1]).parent for line in lines if "/exchange-" in line}


@pytest.mark.parametrize("ending", ["| head -1", "| true"])
def test_a_reader_that_leaves_early_changes_neither_exit_code_nor_peace(ending):
    result = shell(f"$EDGECHECK validate $SPEC $BAD {' '.join(SHORT)} --output json {ending}")
    assert (result.returncode, result.stderr) == (1, "")


@pytest.mark.parametrize("words", ["rules", "explain parity-loss", "schema report", "--help"])
def test_other_commands_bear_a_reader_that_leaves_early(words):
    result = shell(f"(sleep 0.2; exec $EDGECHECK {words}) | true")
    assert (result.returncode, result.stderr) == (0, "")


@NEEDS_FULL
@pytest.mark.parametrize("words", ["rules", "explain parity-loss", "schema report", "inspect $BAD"])
def test_a_full_disk_behind_stdout_is_3_and_said(words):
    result = shell(f"$EDGECHECK {words} > /dev/full")
    assert result.returncode == 3
    assert "No space left" in result.stderr
    assert "Traceback" not in result.stderr


@NEEDS_FULL
@pytest.mark.parametrize("form", ["text", "json", "text:/dev/full", "json:/dev/full"])
def test_a_report_that_does_not_fit_is_3_and_the_others_are_written(form, tmp_path):
    other = tmp_path / "other.json"
    outputs = f"--output {form} --output json:{other}"
    result = shell(f"$EDGECHECK validate $SPEC $BAD --static {outputs} > /dev/full")
    assert result.returncode == 3
    assert result.stderr.count("cannot write the report") == 1
    assert json.loads(other.read_text())["verdict"] == "fail"


@pytest.mark.parametrize(
    ("closed", "code"), [(">&-", 3), ("2>&-", 1), ("<&-", 1), ("<&- 2>&-", 1), ("<&- >&- 2>&-", 3)]
)
def test_closed_streams_do_not_crash_it_nor_lose_the_report(closed, code, tmp_path):
    path = tmp_path / "report.json"
    outputs = f"--output text --output json:{path}"
    how = "" if closed.count("&-") == 3 else " ".join(SHORT)  # once with every child there is
    result = shell(f"$EDGECHECK validate $SPEC $BAD {how} {outputs} {closed}")
    assert result.returncode == code
    assert "Traceback" not in result.stderr
    assert json.loads(path.read_text())["verdict"] == "fail"


def test_a_report_for_stdout_goes_to_a_file_that_stdout_is(tmp_path):
    path = tmp_path / "out.json"
    result = shell(f"$EDGECHECK validate $SPEC $BAD --static --output json:/dev/stdout > {path}")
    assert result.returncode == 1
    assert json.loads(path.read_text())["verdict"] == "fail"
    assert Path("/dev/stdout").is_symlink() == os.path.lexists("/dev/stdout")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_an_encoding_that_lacks_a_letter_gets_it_escaped(encoding, tmp_path):
    model = tmp_path / "mod\N{GREEK SMALL LETTER OMEGA}l \N{PILE OF POO}.tflite"
    model.write_bytes(COLLAPSED.read_bytes())
    env = environment(PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    result = subprocess.run(
        command("validate", SPEC, model, *SHORT), env=env, capture_output=True, check=False
    )
    assert (result.returncode, result.stderr) == (1, b"")
    text = result.stdout.decode(encoding)
    assert "FAIL" in text
    assert "mod\\u03c9l" in text


@pytest.mark.parametrize("name", [b"caf\xe9.tflite", b"a\nPASS  b.tflite", b"\x1b[2J.tflite"])
def test_a_file_name_of_any_bytes_is_reported(name, tmp_path):
    model = Path(os.fsdecode(bytes(tmp_path) + b"/" + name))
    model.write_bytes(COLLAPSED.read_bytes())
    path = tmp_path / "r.json"
    how = () if name.startswith(b"caf") else SHORT  # in full, experiments open such a file too
    outputs = ("--output", "text", "--output", f"json:{path}")
    result = edgecheck("validate", SPEC, model, *how, *outputs)
    assert result.returncode == 1
    assert result.stdout.startswith("FAIL")
    assert "\nPASS" not in result.stdout
    assert "\x1b" not in result.stdout
    assert json.loads(path.read_text())["environment"]["model"]["path"].isprintable() == (
        name[0] == ord("c")
    )


@pytest.mark.parametrize("place", ["missing/report.json", "folder"])
def test_a_place_that_takes_no_report_is_3_before_anything_runs(place, tmp_path):
    (tmp_path / "folder").mkdir()
    spec, model = _hanging(tmp_path)
    other = tmp_path / "other.json"
    outputs = ["--output", f"json:{tmp_path / place}", "--output", f"json:{other}"]
    env = environment(PYTHONPATH=str(tmp_path))
    start = time.monotonic()
    result = edgecheck("validate", spec, model, *outputs, env=env)
    assert result.returncode == 3
    assert time.monotonic() - start < 20
    assert "cannot write the report" in result.stderr
    report = json.loads(other.read_text())
    assert (report["verdict"], report["error"]["kind"]) == ("inconclusive", "report-unwritable")


def _in_terminal(arguments, **changes):
    """What a command writes to a terminal of 80 columns that is its stderr; stdout is piped."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command(*arguments),
        env=environment(TERM="xterm-256color", COLUMNS="80", **changes),
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    while process.poll() is None or select.select([ours], [], [], 0.1)[0]:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                said += os.read(ours, 65536)
            except OSError:  # Linux: nobody holds the other end any more
                break
    os.close(ours)
    with process:
        return process.wait(), process.stdout.read().decode(), said.decode()


def test_progress_is_shown_on_a_terminal_only_and_the_report_is_clean_of_it():
    code, out, said = _in_terminal(["validate", SPEC, HEALTHY])
    assert (code, out[:6]) == (0, "PASS  ")
    assert "samples" in said
    assert "\x1b" not in out
    assert "samples/s" not in out
    assert max(map(len, out.splitlines())) <= 80


def test_quiet_shows_no_progress_on_a_terminal():
    assert _in_terminal(["validate", SPEC, HEALTHY, "--quiet"]) == (0, "", "")


@pytest.mark.parametrize(
    ("changes", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_gets_colours_unless_it_asks_for_none(changes, is_coloured):
    ours, theirs = pty.openpty()
    env = environment(**{"TERM": "xterm-256color", "COLUMNS": "80", **changes})
    result = subprocess.run(
        command("validate", SPEC, COLLAPSED, "--static"),
        env=env, stdout=theirs, stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    os.close(theirs)
    text = os.read(ours, 65536).decode()
    os.close(ours)
    assert result.returncode == 1
    assert "FAIL" in text
    assert ("\x1b[" in text) == is_coloured


@pytest.mark.parametrize("words", [["validate", SPEC, HEALTHY], ["rules"], ["doctor"]])
def test_a_pipe_gets_no_escape_codes(words):
    result = edgecheck(*words)
    assert result.returncode == 0
    assert "\x1b" not in result.stdout + result.stderr


def test_an_error_on_stderr_steers_no_terminal_either():
    result = edgecheck("validate", SPEC, HEALTHY, "--reference", "\x1b[2J.keras", "--quiet")
    assert result.returncode == 3
    assert "?[2J.keras" in result.stderr


def test_nohup_is_respected():
    start = f"$EDGECHECK validate $SPEC $BAD {' '.join(SHORT)} --output text"
    result = shell(f"trap '' HUP; (sleep 0.4; kill -HUP $$) & {start}")
    assert (result.returncode, result.stdout[:4], result.stderr) == (1, "FAIL", "")


def test_the_python_that_runs_it_needs_no_home(tmp_path):
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": environment()["PYTHONPATH"]}
    result = edgecheck("validate", SPEC, HEALTHY, env=env, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("cut", [1, 20, 50, 73, 200, 4000])
def test_a_model_cut_short_is_3_and_nothing_dies(cut, tmp_path):
    model = tmp_path / "cut.tflite"
    model.write_bytes(HEALTHY.read_bytes()[:-cut])
    result = edgecheck("validate", SPEC, model)
    assert (result.returncode, result.stderr) == (3, "")
    assert "model-file-invalid" in result.stdout


@pytest.mark.parametrize("which", ["model", "spec", "reference"])
def test_a_report_never_replaces_an_input(which, tmp_path):
    inputs = {"model": tmp_path / "m.tflite", "spec": tmp_path / "s.yaml"}
    inputs["reference"] = DIGITS / "float.tflite"
    inputs["model"].write_bytes(HEALTHY.read_bytes())
    inputs["spec"].write_text(SPEC.read_text().replace("../sample_models/digits", str(DIGITS)))
    before = inputs[which].read_bytes()
    result = edgecheck(
        "validate", inputs["spec"], inputs["model"], "--output", f"json:{inputs[which]}"
    )
    assert (result.returncode, inputs[which].read_bytes()) == (2, before)
    assert "would overwrite" in result.stderr
