"""The converting child from within: what it loads once, and what it answers."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgecheck.conversion import worker
from edgecheck.conversion.request import ConversionRequest
from edgecheck.conversion.unconvertible import Unreadable
from edgecheck.conversion.worker import Workbench
from edgecheck.runtime.trained.refusal import CodeRefused


class Frozen:
    """A source that converts to its scheme's name."""

    def convert(self, request):
        if request.scheme == "int16x8":
            raise MemoryError("std::bad_alloc")
        return request.scheme.encode()


@pytest.fixture
def frozen(monkeypatch):
    """The requests for which a source was loaded."""
    loaded = []

    def freeze(request):
        loaded.append(request)
        return Frozen()

    monkeypatch.setattr(worker, "_freeze", freeze)
    return loaded


@pytest.fixture
def request_(tmp_path):
    return ConversionRequest(
        Path("model.keras"), "keras", tmp_path / "out.tflite", shapes={"x": (2,)}
    )


def test_a_source_is_loaded_once_for_all_schemes(frozen, request_):
    bench = Workbench()
    for scheme in ("full-integer", "none", "float16"):
        assert "tool" in bench.answer(replace(request_, scheme=scheme))
        assert request_.out.read_text() == scheme
    assert len(frozen) == 1
    bench.answer(replace(request_, signature="other"))
    assert len(frozen) == 2


def test_a_scheme_that_fails_leaves_the_source_to_the_next(frozen, request_):
    bench = Workbench()
    said = bench.answer(replace(request_, scheme="int16x8"))
    assert said == {"words": "MemoryError: std::bad_alloc"}
    assert "tool" in bench.answer(request_)
    assert len(frozen) == 1


@pytest.mark.parametrize(
    ("error", "key"),
    [(Unreadable("torn"), "unusable"), (CodeRefused("Lambda"), "code"),
     (ModuleNotFoundError(name="onnx2tf"), "missing"), (ValueError("odd"), "words")],
)  # fmt: skip
def test_what_cannot_be_loaded_is_tried_again_and_said(monkeypatch, request_, error, key):
    def freeze(_request):
        raise error

    monkeypatch.setattr(worker, "_freeze", freeze)
    bench = Workbench()
    assert list(bench.answer(request_)) == list(bench.answer(request_)) == [key]
    assert bench.frozen == {}
