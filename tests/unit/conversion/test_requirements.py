"""What a trained model must be before it is converted."""

import numpy as np
import pytest

from edgecheck.conversion import requirements
from edgecheck.conversion.unconvertible import Unconvertible

LONGEST = 400


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_ruined_weights_are_named(value):
    bad = np.array([1, value, value], np.float32)
    with pytest.raises(Unconvertible, match=r"c1/kernel \(2 of 3 values\)"):
        requirements.require_finite({"c1/kernel": bad, "c2/kernel": np.ones(3, np.int32)})


def test_layers_in_training_mode_are_refused_by_name_and_counted():
    requirements.require_inference([])
    with pytest.raises(Unconvertible, match=r"train-mode-export.*Dropout 'd1'") as found:
        requirements.require_inference(f"Dropout 'd{i}'" for i in range(1, 10))
    assert "and 5 more" in found.value.reason
    assert "training argument" in found.value.hint


def test_names_cannot_make_a_message_long_or_steer_a_terminal():
    with pytest.raises(Unconvertible) as found:
        requirements.require_inference(["Dropout '\x1b[2J" + "x" * 10_000 + f"{i}'" for i in "ab"])
    assert len(found.value.reason) < LONGEST
    assert "\x1b" not in found.value.reason


@pytest.mark.parametrize("dtype", ["string", "complex64", "variant"])
def test_inputs_that_are_no_real_numbers_are_refused_with_their_dtype(dtype):
    requirements.require_numbers({"x": "float32", "y": "int32", "z": "bool"})
    with pytest.raises(Unconvertible, match=f"input 'jpeg' .* dtype {dtype}"):
        requirements.require_numbers({"x": "float32", "jpeg": dtype})


def test_parts_of_a_ragged_input_are_told_from_inputs_of_such_names(monkeypatch, tmp_path):
    monkeypatch.setattr(requirements, "takes_ragged", lambda folder: folder == tmp_path)
    requirements.require_dense(tmp_path, ["rt", "other"])
    requirements.require_dense(tmp_path / "dense", ["rt", "rt_1"])
    with pytest.raises(Unconvertible, match="input 'rt' of the source is ragged") as found:
        requirements.require_dense(tmp_path, ["rt_1", "rt"])
    assert len(found.value.reason) < LONGEST
    assert "pad" in found.value.hint
