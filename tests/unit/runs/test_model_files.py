"""What is read and built once for a whole run."""

import numpy as np
import pytest
from evidence import evidence
from models import float_dense, int8_dense

from edgecheck.errors import InputMissing, ModelFileInvalid
from edgecheck.runs import model_files
from edgecheck.runs.model_files import ModelFiles
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import load_model, read_model
from edgecheck.validation import Options, new_draft

WEIGHTS = np.random.default_rng(0).normal(size=(3, 16)).astype(np.float32)
BIAS = np.zeros(3, np.float32)
INT8 = int8_dense(WEIGHTS, BIAS, (-1, 1), (-4, 4))


def candidate(data):
    model = read_model(data)
    return evidence(data=data, model=model, contract=contract_of(model, None))


@pytest.fixture
def counted(monkeypatch):
    """Names of the functions that did the work."""
    calls = []

    def watch(name):
        real = getattr(model_files, name)
        monkeypatch.setattr(model_files, name, lambda *given: (calls.append(name), real(*given))[1])

    watch("twin_of")
    watch("load_model")
    return calls


def test_the_twin_is_built_once_and_not_before_it_is_asked_for(counted):
    files = ModelFiles()
    assert counted == []
    first = files.twin(candidate(INT8))
    assert files.twin(candidate(INT8)) is first
    assert counted == ["twin_of"]


def test_a_float_candidate_has_a_reason_in_place_of_a_twin(counted):
    files = ModelFiles()
    said = [files.twin(candidate(float_dense(WEIGHTS, BIAS))) for _ in range(2)]
    assert said == ["the model is not quantized, so it is its own twin"] * 2
    assert counted == ["twin_of"]


def test_each_file_is_read_once(counted, tmp_path):
    paths = tmp_path / "one.tflite", tmp_path / "two.tflite"
    paths[0].write_bytes(INT8)
    paths[1].write_bytes(float_dense(WEIGHTS, BIAS))
    files = ModelFiles()
    for path in (*paths, *paths):
        assert files.read(path) == load_model(path)
    assert counted == ["load_model", "load_model"]


def test_a_file_that_cannot_be_read_is_refused_each_time(tmp_path):
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"no model")
    files = ModelFiles()
    for _ in range(2):
        with pytest.raises(ModelFileInvalid):
            files.read(broken)
    with pytest.raises(InputMissing):
        files.read(tmp_path / "missing.tflite")


def test_two_runs_share_nothing():
    first, second = (new_draft(Options()).files for _ in range(2))
    first.twin(candidate(INT8))
    reason = second.twin(candidate(float_dense(WEIGHTS, BIAS)))
    assert isinstance(reason, str)
