"""When the float model is listened to, and what the report says of samples that were left out."""

from types import SimpleNamespace

import numpy as np
import pytest
from evidence import evidence
from models import float_dense
from walking import setup_of

from edgecheck.runs.signal import hear_signal


def asked(tmp_path, rows):
    """(what was heard, what was concluded) of a float candidate."""
    weights = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    (tmp_path / "model.tflite").write_bytes(float_dense(weights, np.zeros(4, np.float32)))
    setup = setup_of(tmp_path / "model.tflite", rows)[0]
    said = []
    draft = SimpleNamespace(
        options=SimpleNamespace(look_closer=lambda **_: True),
        observation=None,
        conclude=lambda _name, status, reason, *_: said.append((status, reason)),
    )
    return hear_signal(draft, evidence(), setup), said


@pytest.mark.parametrize(
    ("spoiled", "conclusion"),
    [
        (0, ("passed", "")),
        (10, ("passed", "30 of 40 samples hold finite values alone")),
        (21, ("skipped", "19 of 40 samples hold finite values alone")),
        (40, ("skipped", "0 of 40 samples hold finite values alone")),
    ],
)
def test_a_look_at_few_finite_samples_tells_nothing(tmp_path, spoiled, conclusion):
    rows = np.random.default_rng(1).normal(size=(40, 3)).astype(np.float32)
    rows[:spoiled, 1] = np.nan
    heard, said = asked(tmp_path, rows)
    assert said == [conclusion]
    assert (heard is not None) == (conclusion[0] == "passed")


def test_a_small_dataset_is_looked_at_whole(tmp_path):
    heard, said = asked(tmp_path, np.eye(3, dtype=np.float32))
    assert (heard.samples, said) == (3, [("passed", "")])
