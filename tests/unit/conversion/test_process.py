"""Conversions in a child: what it answers, how it dies, and what a user is told."""

import contextlib
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import DIGITS

from edgecheck.conversion import process
from edgecheck.conversion.process import Converter, ConverterLost, convert_in_child
from edgecheck.conversion.request import ConversionRequest
from edgecheck.errors import ConversionFailed, RuntimeMissing, UnusableError


@pytest.fixture
def request_(tmp_path):
    return ConversionRequest(
        source=DIGITS / "float.tflite",
        format="tflite",
        out=tmp_path / "out.tflite",
        scheme="full-integer",
        io="int8",
        shapes={"image": (16, 16, 1), "other": None},
        representative={"image": tmp_path / "samples.npy"},
        float_operators=("a", "b"),
    )


def child(monkeypatch, code):
    """Run this instead of a converter; `answer(...)` is what it says."""
    head = "import json, os, sys\ndef answer(**it): print(json.dumps(it))\n"
    monkeypatch.setattr(process, "child_command", lambda _: [sys.executable, "-c", head + code])


def test_a_request_crosses_as_json(request_):
    assert ConversionRequest.from_json(request_.to_json()) == request_
    assert ConversionRequest.from_json(ConversionRequest(Path("a"), "onnx", Path("b")).to_json())


def test_the_noise_of_a_converter_is_kept_apart(request_, monkeypatch):
    child(monkeypatch, "print('loud', file=sys.stderr); answer(tool='t 1')")
    found = convert_in_child(request_, 60)
    assert (found.path, found.tool) == (request_.out, "t 1")


@pytest.mark.parametrize(
    ("answer", "kind", "words", "hint"),
    [
        ({"missing": "onnx2tf"}, RuntimeMissing, "needs the package onnx2tf", "pip install onnx2tf"),
        ({"code": "a Lambda layer"}, UnusableError, "a Lambda layer", "--allow-code"),
        ({"unusable": "bad\x1b[2J"}, UnusableError, r"cannot be loaded: bad\\x1b", "save or export"),
        ({"reason": "too open", "hint": "close it"}, ConversionFailed, "too open", "close it"),
        ({"words": "TF Select ops: Erf\n"}, ConversionFailed, "no kernel for Erf", "approximate"),
    ],
)  # fmt: skip
def test_every_answer_becomes_its_error(request_, monkeypatch, answer, kind, words, hint):
    child(monkeypatch, f"print({json.dumps(answer)!r})")
    with pytest.raises(kind, match=words) as found:
        convert_in_child(request_, 60)
    assert hint in found.value.hint
    assert found.value.exit_code == (1 if kind is ConversionFailed else 3)


def test_a_failing_converter_leaves_its_words(request_, monkeypatch):
    child(monkeypatch, "print('noise', file=sys.stderr); answer(words='error: why')")
    with pytest.raises(ConversionFailed) as found:
        convert_in_child(request_, 60)
    assert found.value.words == "noise\nerror: why"


@pytest.mark.parametrize(
    ("code", "words", "hint"),
    [
        ("os.kill(os.getpid(), 9)", "SIGKILL", "more memory"),
        ("print('last', file=sys.stderr); sys.stderr.flush(); os.abort()", "SIGABRT", "last"),
        ("sys.exit(3)", "exit status 3", "-v"),
    ],
)
def test_a_death_is_told_with_its_cause(request_, monkeypatch, code, words, hint):
    child(monkeypatch, code)
    with pytest.raises(UnusableError, match=words) as found:
        convert_in_child(request_, 60)
    assert hint in found.value.hint


def test_a_hang_ends(request_, monkeypatch):
    child(monkeypatch, "import time; time.sleep(60)")
    with pytest.raises(UnusableError, match=r"no answer within 0\.5 s"):
        convert_in_child(request_, 0.5)


SERVING = """
print("up", file=sys.stderr, flush=True)
for number, line in enumerate(sys.stdin):
    if json.loads(line)["scheme"] == "none":
        os.abort()
    print(number, file=sys.stderr, flush=True)
    key = "words" if json.loads(line)["scheme"] == "float16" else "tool"
    print(json.dumps({key: f"{os.getpid()} {os.environ['TMPDIR']}"}), flush=True)
"""


def test_one_child_serves_until_it_dies_and_another_takes_over(request_, monkeypatch, tmp_path):
    child(monkeypatch, SERVING)
    deadly, failing = replace(request_, scheme="none"), replace(request_, scheme="float16")
    with contextlib.closing(Converter(tmp_path)) as converter:
        first, second = (converter.convert(request_, 60) for _ in range(2))
        assert first.tool == second.tool == f"{first.tool.split()[0]} {tmp_path}"
        with pytest.raises(ConversionFailed) as failed:
            converter.convert(failing, 60)
        assert failed.value.words == f"2\n{first.tool}"  # the noise of this request alone
        with pytest.raises(ConverterLost, match="SIGABRT"):
            converter.convert(deadly, 60)
        with pytest.raises(ConversionFailed) as anew:
            converter.convert(failing, 60)
        third = converter.convert(request_, 60)
        assert third.tool.split()[0] != first.tool.split()[0]
        assert anew.value.words == f"up\n0\n{third.tool}"


def test_the_source_is_loaded_again_only_where_it_would_be_another(request_):
    same = [replace(request_, scheme="none", io="float32"), replace(request_, representative={})]
    other = [replace(request_, signature="a"), replace(request_, shapes={"image": None})]
    assert {each.source_key for each in same} == {request_.source_key}
    assert len({each.source_key for each in (request_, *other)}) == 3


PARENT = """
import sys
sys.path[:] = sys.argv[2:]
from pathlib import Path
from edgecheck.conversion import process
from edgecheck.conversion.request import ConversionRequest
hang = '''import os, time
from edgecheck.conversion.worker import Workbench
def answer(*_):
    print("busy", os.getpid(), flush=True)  # goes to stderr
    open(sys.argv[2], "w").write(str(os.getpid()))
    time.sleep(60)
Workbench.answer = answer
'''
command = process.child_command("edgecheck.conversion.worker")
start, work = command[2].split("; from ")
code = start + "\\n" + hang + "from " + work
process.child_command = lambda _: [command[0], "-c", code, command[3], sys.argv[1]]
process.convert_in_child(ConversionRequest(Path("m"), "keras", Path("o")), 60)
"""


def child_of(parent, told):
    """The number of a child that is at work, as it writes it to a file."""
    while not (told.exists() and told.read_text()):
        assert parent.poll() is None
        time.sleep(0.05)
    return int(told.read_text())


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_a_busy_converter_does_not_outlive_a_killed_parent(tmp_path):
    told = tmp_path / "told"
    command = [sys.executable, "-c", PARENT, str(told), *filter(None, sys.path)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as parent:
        state = Path(f"/proc/{child_of(parent, told)}/stat")
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 10
    while state.exists() and ") Z " not in state.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not state.exists() or ") Z " in state.read_text()


def test_a_package_that_is_missing_is_named(request_, monkeypatch):
    hidden = "import sys; sys.modules['ai_edge_quantizer'] = None; "
    python, flag, code, path = process.child_command("edgecheck.conversion.worker")
    monkeypatch.setattr(process, "child_command", lambda _: [python, flag, hidden + code, path])
    with pytest.raises(RuntimeMissing, match=r"float\.tflite needs the package ai-edge-quantizer"):
        convert_in_child(replace(request_, float_operators=()), 120)
