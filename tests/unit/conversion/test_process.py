"""Conversions in a child: what it answers, how it dies, and what a user is told."""

import contextlib
import json
import sys
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
    assert (found.path, found.tool, found.noise) == (request_.out, "t 1", "loud")


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
    print(json.dumps({"tool": f"{os.getpid()} {os.environ['TMPDIR']}"}), flush=True)
"""


def test_one_child_serves_until_it_dies_and_another_takes_over(request_, monkeypatch, tmp_path):
    child(monkeypatch, SERVING)
    deadly = replace(request_, scheme="none")
    with contextlib.closing(Converter(tmp_path)) as converter:
        first, second = (converter.convert(request_, 60) for _ in range(2))
        assert first.tool == second.tool == f"{first.tool.split()[0]} {tmp_path}"
        assert second.noise == "1"
        with pytest.raises(ConverterLost, match="SIGABRT"):
            converter.convert(deadly, 60)
        third = converter.convert(request_, 60)
        assert third.tool.split()[0] != first.tool.split()[0]
        assert third.noise == "up\n0"


def test_the_source_is_loaded_again_only_where_it_would_be_another(request_):
    same = [replace(request_, scheme="none", io="float32"), replace(request_, representative={})]
    other = [replace(request_, signature="a"), replace(request_, shapes={"image": None})]
    assert {each.source_key for each in same} == {request_.source_key}
    assert len({each.source_key for each in (request_, *other)}) == 3


def test_a_package_that_is_missing_is_named(request_, monkeypatch):
    hidden = "import sys; sys.modules['ai_edge_quantizer'] = None; "
    python, flag, code, path = process.child_command("edgecheck.conversion.worker")
    monkeypatch.setattr(process, "child_command", lambda _: [python, flag, hidden + code, path])
    with pytest.raises(RuntimeMissing, match=r"float\.tflite needs the package ai-edge-quantizer"):
        convert_in_child(replace(request_, float_operators=()), 120)
