"""Published int8 files recalibrated through their own twin, against the published float models."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from nets import run, sqnr

from edgecheck.tflite.dequantize.twin import twin_of
from edgecheck.tflite.reader import read_model
from edgecheck.tflite.recalibrate.activation_ranges import stored_ranges
from edgecheck.tflite.recalibrate.recalibrated import recalibrated

CORPUS = Path(os.environ.get("EDGECHECK_CORPUS", ""))
IS_HERE = "EDGECHECK_CORPUS" in os.environ
MOST_ROWS = 100


def candidates():
    """(case, candidate) with measured recalibration; nothing where there is no corpus."""
    manifest = json.loads((CORPUS / "manifest.json").read_text()) if IS_HERE else {"cases": []}
    return [
        pytest.param(case, candidate, id=f"{case['name']}/{candidate['file']}")
        for case in manifest["cases"]
        for candidate in case["candidates"]
        if "minmax" in (candidate.get("recalibration") or {})
    ]


def seen_ranges(data, rows):
    """Lowest and highest value of each activation of the twin."""
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT runs the twin")
    model = read_model(data)
    twin = twin_of(data, model)
    kind = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = litert.Interpreter(
        model_content=twin.data,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=kind,
    )
    interpreter.allocate_tensors()
    fed = interpreter.get_input_details()[0]
    found = {}
    for row in rows:
        interpreter.set_tensor(fed["index"], row.reshape(fed["shape"]))
        interpreter.invoke()
        for key in stored_ranges(model):
            values = interpreter.get_tensor(twin.place[key])
            low, high = found.get(key, (np.inf, -np.inf))
            found[key] = min(low, float(values.min())), max(high, float(values.max()))
    return found


@pytest.mark.skipif(not IS_HERE, reason="EDGECHECK_CORPUS names no folder")
@pytest.mark.parametrize(("case", "candidate"), candidates())
def test_recalibrated_files_follow_the_float_model(case, candidate):
    folder, measured = CORPUS / case["name"], candidate["recalibration"]
    data = (folder / candidate["file"]).read_bytes()
    rows = np.load(folder / "inputs.npz")["x"].astype(np.float32)
    first = int(re.search(r"first (\d+) rows", measured["rows"])[1])
    fixed = recalibrated(data, read_model(data), seen_ranges(data, rows[:first]))
    unseen = rows[first:][:MOST_ROWS]
    truth, before, after = (
        run(content, unseen)[0] for content in ((folder / case["float"]).read_bytes(), data, fixed)
    )
    # Within what the runtimes and the choice of rows change; codes are not pinned.
    assert sqnr(truth, after) > min(measured["minmax"]["sqnr_db"] - 3, 30)
    assert sqnr(truth, after) > sqnr(truth, before) - 1


@pytest.mark.skipif(not IS_HERE, reason="EDGECHECK_CORPUS names no folder")
@pytest.mark.parametrize(
    "path", sorted(CORPUS.glob("*/candidate*.tflite")) if IS_HERE else [], ids=str
)
def test_the_stored_ranges_of_published_files_change_no_byte(path):
    data = path.read_bytes()
    model = read_model(data)
    assert recalibrated(data, model, stored_ranges(model)) is data
