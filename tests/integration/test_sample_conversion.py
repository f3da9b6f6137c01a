"""The script that makes the sample models, through the library calls of `edgecheck convert`."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from nets import run

from edgecheck.tflite.contract import contract_of, quantization_scheme
from edgecheck.tflite.reader import load_model

ROOT = Path(__file__).parents[2]
FEATURES = ROOT / "sample_models" / "features"
MAKE = """
import sys
from pathlib import Path
import make_sample_models as script
from sample_tasks import TASKS

task, folder = TASKS["features"], Path(sys.argv[1])
script.prepare_tensorflow()
data = task.read(Path(sys.argv[2]))  # held out, but enough for a model that has learned something
rows = script.stack(task.preprocess, data.samples)
model = script.train(task, rows, data.labels)
(folder / "float.tflite").write_bytes(script.to_float(model))
(folder / "int8.tflite").write_bytes(script.to_int8(model, list(rows)))
script.np.savez(folder / "rows.npz", rows=rows, labels=data.labels)
"""


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="tensorflow trains the model here")
def test_the_library_makes_files_like_the_committed_ones(tmp_path):
    path = os.pathsep.join([str(ROOT), str(ROOT / "scripts"), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", MAKE, str(tmp_path), str(FEATURES)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    for name in ("float.tflite", "int8.tflite"):
        made, committed = (load_model(folder / name)[1] for folder in (tmp_path, FEATURES))
        assert quantization_scheme(made) == quantization_scheme(committed)
        ports = [
            [(p.name, p.tensor.dtype, p.tensor.shape) for p in (*c.inputs, *c.outputs)]
            for c in (contract_of(made, None), contract_of(committed, None))
        ]
        assert ports[0] == ports[1]
        operators = [[op.name for op in m.subgraphs[0].operators] for m in (made, committed)]
        assert operators[0] == operators[1]
    with np.load(tmp_path / "rows.npz") as data:
        rows, labels = data["rows"], data["labels"]
    exact, coded = (
        (run((tmp_path / name).read_bytes(), rows)[0].argmax(1) == labels).mean()
        for name in ("float.tflite", "int8.tflite")
    )
    assert exact > 0.9
    assert coded >= exact - 0.01
