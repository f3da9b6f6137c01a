"""When a run looks closer, and what it keeps of that if it ends early."""

import numpy as np
import pytest
import yaml
from models import int8_dense

from edgecheck.errors import DatasetUnreadable
from edgecheck.runs import looks
from edgecheck.validation import Options, validate

RANDOM = np.random.default_rng(2)


@pytest.mark.parametrize(
    ("layers", "has_reason", "wanted"),
    [
        ("always", False, True),
        ("always", True, True),
        ("auto", False, False),
        ("auto", True, True),
        ("never", True, False),
    ],
)
def test_the_option_decides_and_auto_asks_for_a_reason(layers, has_reason, wanted):
    assert Options(layers=layers).look_closer(has_reason=has_reason) is wanted


def test_layers_that_were_seen_are_reported_though_the_run_ends_after_them(tmp_path, monkeypatch):
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")

    def gone(*_):
        raise DatasetUnreadable("rows.npy is gone", hint="bring it back")

    monkeypatch.setattr(looks, "follow_stages", gone)
    weights = RANDOM.normal(0, 1, (5, 8)).astype(np.float32)
    candidate = int8_dense(weights, np.zeros(5, np.float32), (-1.0, 1.0), (-6.0, 6.0))
    (tmp_path / "model.tflite").write_bytes(candidate)
    np.save(tmp_path / "rows.npy", RANDOM.uniform(-1, 1, (40, 8)).astype(np.float32))
    spec = {
        "version": 1,
        "model": {"task": "classification"},
        "inputs": {"x": {"kind": "array", "shape": [8]}},
        "dataset": {"path": "rows.npy"},
    }
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec))
    options = Options(layers="always", runtime="litert")
    found = validate(tmp_path / "spec.yaml", tmp_path / "model.tflite", options)
    assert found.error.kind == "dataset-unreadable"
    assert [layer.op for layer in found.layers] == ["INPUT", "FULLY_CONNECTED"]
    judged = {check.name: check.status for check in found.checks}
    assert judged["layer-ranges"] == "passed"
