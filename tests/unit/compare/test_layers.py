"""The walk on small models in LiteRT, against plain arithmetic."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from models import (
    accumulator,
    finer_than_xnnpack_takes,
    float_dense,
    float_io_int8_dense,
    int8_dense,
)
from tflite_writer import OpDef, TensorDef, build_model
from walking import setup_of, walk_through

from edgecheck.compare import walk_sessions
from edgecheck.compare.layers import WalkImpossible, walk
from edgecheck.compare.stream import SideFault
from edgecheck.errors import DatasetUnreadable
from edgecheck.tflite.dequantize.isolated import isolated
from edgecheck.tflite.dequantize.twin import twin_of

pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")

RANDOM = np.random.default_rng(4)
WEIGHTS = RANDOM.normal(0, 1, (3, 4)).astype(np.float32)
BIAS = RANDOM.normal(0, 1, 3).astype(np.float32)
ROWS = RANDOM.uniform(-1, 1, (60, 4)).astype(np.float32)
REAL = ROWS @ WEIGHTS.T + BIAS


def stored(folder, data):
    path = folder / "model.tflite"
    path.write_bytes(data)
    return path


def decibels(real, other):
    return 10 * np.log10((real**2).sum() / ((real - other) ** 2).sum())


def test_clipped_logits_are_measured_and_are_the_first_bad(tmp_path):
    model = int8_dense(WEIGHTS, BIAS, (-1, 1), (-1.5, 1), softmax=True)
    seen = walk_through(stored(tmp_path, model), ROWS)
    source, logits, softmax = seen.layers
    assert [layer.op for layer in seen.layers] == ["INPUT", "FULLY_CONNECTED", "SOFTMAX"]
    assert seen.first_bad is logits
    low, high = logits.representable
    assert logits.clip_below == pytest.approx((low > REAL).mean(), abs=0.02)
    assert logits.clip_above == pytest.approx((high < REAL).mean(), abs=0.02)
    assert logits.sqnr_db == pytest.approx(decibels(REAL, np.clip(REAL, low, high)), abs=0.3)
    assert logits.isolated_sqnr_db == pytest.approx(logits.sqnr_db, abs=0.3)
    assert logits.float_range == pytest.approx((REAL.min(), REAL.max()), abs=0.05)
    assert softmax.sqnr_db < 20
    assert softmax.isolated_sqnr_db > 35
    assert (logits.decides, softmax.decides, softmax.is_output) == (True, False, True)
    assert source.upstream_sqnr_db is None
    assert seen.samples == 60


def test_a_sound_model_has_no_first_bad_and_exact_kernels(tmp_path):
    model = int8_dense(WEIGHTS, BIAS, (-1, 1), (-6, 6), softmax=True)
    seen = walk_through(stored(tmp_path, model), ROWS)
    assert seen.first_bad is None
    assert all(layer.sqnr_db > 30 for layer in seen.layers)
    (output,) = seen.kernels.outputs
    assert (output.changed_rows, output.agreement, seen.kernels.samples) == (0, 1.0, 32)
    assert output.sqnr_db > 30


def test_default_kernels_that_refuse_the_model_are_not_compared(tmp_path):
    rows = ROWS.round()
    seen = walk_through(stored(tmp_path, finer_than_xnnpack_takes()), rows)
    (output,) = seen.kernels.outputs
    assert (output.changed_rows, output.sqnr_db, output.agreement) == (0, None, None)
    assert (seen.kernels.samples, output.elements) == (32, 3)


def test_many_small_pages_give_what_one_gives(tmp_path, monkeypatch):
    path = stored(tmp_path, int8_dense(WEIGHTS, BIAS, (-1, 1), (-2, 1), softmax=True))
    whole = walk_through(path, ROWS)
    monkeypatch.setattr(walk_sessions, "_MOST_ROWS", 7)
    paged = walk_through(path, ROWS)
    assert paged.kernels == whole.kernels
    for one, many in zip(whole.layers, paged.layers, strict=True):
        for name in ("sqnr_db", "isolated_sqnr_db", "clip_below", "clip_above", "float_range"):
            expected = getattr(one, name)
            assert getattr(many, name) == (expected and pytest.approx(expected, rel=1e-5)), name
        # The values of these few samples are all kept, whatever the pages.
        assert many.core_range == pytest.approx(one.core_range, rel=1e-5)


def test_conversions_are_judged_by_what_they_read(tmp_path):
    model = float_io_int8_dense(WEIGHTS, BIAS, (-0.3, 1), (-6, 6))
    layers = walk_through(stored(tmp_path, model), ROWS).layers
    entry, quantize, dense, dequantize = layers
    assert [layer.op for layer in layers][1:] == ["QUANTIZE", "FULLY_CONNECTED", "DEQUANTIZE"]
    assert entry.sqnr_db == np.inf
    assert quantize.isolated_sqnr_db == pytest.approx(quantize.sqnr_db)
    assert quantize.clip_below == pytest.approx((quantize.representable[0] > ROWS).mean(), abs=0.02)
    assert dense.isolated_sqnr_db > 30
    assert dense.sqnr_db < 15
    assert dequantize.isolated_sqnr_db == np.inf
    assert dequantize.representable is None


def test_a_float_model_is_exactly_its_twin(tmp_path):
    seen = walk_through(stored(tmp_path, float_dense(WEIGHTS, BIAS, softmax=True)), ROWS)
    assert {layer.sqnr_db for layer in seen.layers} == {np.inf}
    assert seen.first_bad is None


def test_without_the_isolated_twin_the_walk_goes_on(tmp_path):
    path = stored(tmp_path, int8_dense(WEIGHTS, BIAS, (-1, 1), (-1.5, 1), softmax=True))
    seen = walk_through(path, ROWS, is_cut=False)
    assert seen.why_not_isolated
    assert {layer.isolated_sqnr_db for layer in seen.layers} == {None}
    assert seen.first_bad.op == "FULLY_CONNECTED"


def test_an_isolated_twin_that_does_not_load_is_done_without(tmp_path):
    setup, data = setup_of(stored(tmp_path, int8_dense(WEIGHTS, BIAS, (-1, 1), (-6, 6))), ROWS)
    twin = twin_of(data, setup.candidate.model)
    seen = walk(setup, twin, replace(isolated(twin), data=b"gone"), lambda *_: None)
    assert seen.why_not_isolated
    assert seen.layers[1].sqnr_db > 30


def test_a_twin_that_does_not_load_is_the_twin_s_fault(tmp_path):
    setup, data = setup_of(stored(tmp_path, int8_dense(WEIGHTS, BIAS, (-1, 1), (-6, 6))), ROWS)
    twin = replace(twin_of(data, setup.candidate.model), data=b"gone")
    with pytest.raises(SideFault) as caught:
        walk(setup, twin, None, lambda *_: None)
    assert caught.value.who == "twin"


def test_samples_of_another_shape_are_refused(tmp_path):
    path = stored(tmp_path, int8_dense(WEIGHTS, BIAS, (-1, 1), (-6, 6)))
    setup, data = setup_of(path, ROWS)
    setup.dataset.__dict__["rows"] = ROWS[:, :3]
    with pytest.raises(DatasetUnreadable, match=r"\(3,\)"):
        walk(setup, twin_of(data, setup.candidate.model), None, lambda *_: None)


def test_tensors_that_no_input_reaches_are_not_followed(tmp_path):
    tensors = [
        TensorDef("x", (1, 4)),
        TensorDef("one", (1, 4), data=np.ones((1, 4))),
        TensorDef("two", (1, 4)),
        TensorDef("sum", (1, 4)),
    ]
    operators = [OpDef("ADD", [1, 1], [2]), OpDef("ADD", [0, 2], [3])]
    seen = walk_through(stored(tmp_path, build_model(tensors, operators, [0], [3])), ROWS)
    assert [layer.name for layer in seen.layers] == ["x", "sum"]


def test_dead_and_constant_channels_are_counted(tmp_path):
    weights, bias = WEIGHTS.copy(), BIAS.copy()
    weights[:2], bias[0], bias[1] = 0, 0, 5
    seen = walk_through(stored(tmp_path, float_dense(weights, bias)), ROWS)
    output = seen.layers[-1]
    assert (output.channels, output.dead_channels, output.constant_channels) == (3, 1, 2)


def test_state_is_reset_in_all_three(tmp_path):
    path = stored(tmp_path, accumulator())
    seen = walk_through(path, ROWS[:20, :2])
    by_name = {layer.name: layer for layer in seen.layers}
    assert by_name["total"].float_range == (0, 0)
    assert by_name["sum"].sqnr_db == by_name["sum"].isolated_sqnr_db == np.inf
    assert seen.kernels.outputs[0].changed_rows == 0


def test_a_signature_outside_the_main_graph_cannot_be_walked(tmp_path):
    setup, data = setup_of(stored(tmp_path, float_dense(WEIGHTS, BIAS)), ROWS)
    elsewhere = replace(setup.candidate.contract, subgraph=1, signature="other")
    setup = replace(setup, candidate=replace(setup.candidate, contract=elsewhere))
    twin = twin_of(data, setup.candidate.model)
    with pytest.raises(WalkImpossible, match="main graph"):
        walk(setup, twin, None, lambda *_: None)


CORPUS = os.environ.get("EDGECHECK_CORPUS")
LOGITS_CUT = ("meter_dig0840s3", "meter_dig1040s1", "meter_dig1100s2")


@pytest.mark.skipif(CORPUS is None, reason="EDGECHECK_CORPUS does not name the field corpus")
@pytest.mark.parametrize("name", [*LOGITS_CUT, "kws_dscnn", "vww_mltk"])
def test_published_models_show_what_is_known_of_them(name):
    folder = Path(CORPUS) / name
    cases = json.loads((Path(CORPUS) / "manifest.json").read_text())["cases"]
    known = next(case for case in cases if case["name"] == name)["candidates"][0]["evidence"]
    rows = np.load(folder / "inputs.npz")["x"].astype(np.float32)[:120]
    seen = walk_through(folder / "candidate.tflite", rows)
    worst = {layer.tensor: layer for layer in seen.layers}[known["worst_clip"]["tensor"]]
    assert worst.clip_fraction == pytest.approx(known["worst_clip"]["fraction"], abs=0.05)
    assert worst.representable == pytest.approx(known["worst_clip"]["range"], abs=1e-2)
    assert seen.kernels.outputs[0].changed_rows == 0
    assert (seen.first_bad is worst) == (name in LOGITS_CUT)
