"""A match in this process: outputs, inputs with outputs, and what cannot be told."""

import json
from functools import cache

import jsonschema
import nets
import numpy as np
import pytest
from command_line import ROOT
from models import identity, two_input_add
from tflite_writer import OpDef, TensorDef, build_model

from edgecheck.errors import UsageError
from edgecheck.match import MatchOptions, match, stopped
from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.quantization import quantize
from edgecheck.report.json_format import to_dict
from edgecheck.report.schema import match_schema
from edgecheck.report.text_match import render
from edgecheck.samples.open import open_dataset
from edgecheck.spec.load import load_spec
from edgecheck.tflite.contract import contract_of
from edgecheck.tflite.reader import load_model

pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")
SPEC = ROOT / "configs" / "digits.yaml"
MODEL = ROOT / "sample_models" / "digits" / "int8.tflite"
SCHEMA = jsonschema.Draft202012Validator(match_schema())
COUNT = 12
OPTIONS = MatchOptions(runtime="litert")


def silent(_done, _total):
    """Nobody watches."""


@cache
def digits():
    """(prepared rows, ids, quantization of the input, that of the output)."""
    loaded = load_spec(SPEC)
    spec = loaded.spec.inputs["image"]
    dataset = open_dataset(loaded.spec.dataset, loaded.source.parent, {"image": spec}, (), "none")
    chunk = next(iter(dataset.chunks(COUNT)))
    contract = contract_of(load_model(MODEL)[1], None)
    ports = contract.inputs[0].tensor.quantization, contract.outputs[0].tensor.quantization
    return Pipeline("image", spec)(chunk.rows["image"], chunk.ids), chunk.ids, *ports


@cache
def answers(turned=False):
    """The model's outputs on right pictures, or on turned ones."""
    rows = np.rot90(digits()[0], 1, (1, 2)) if turned else digits()[0]
    return nets.run(MODEL.read_bytes(), rows)[0]


def found_in(folder, spec=SPEC, model=MODEL, options=OPTIONS, **tensors):
    path = folder / "dump.npz"
    np.savez(path, **tensors)
    report = match(spec, model, path, options, silent)
    SCHEMA.validate(to_dict(report))
    assert [line for line in render(report).splitlines() if len(line) > 80] == []
    return report


def rules(report):
    return [finding.rule for finding in report.findings]


def codes(values, params):
    return quantize(np.asarray(values, np.float32), params, "int8")


@pytest.mark.parametrize("kind", ["codes", "values", "one"])
def test_right_outputs_pass(tmp_path, kind):
    out = codes(answers(), digits()[3])
    dumped = {"codes": out, "values": answers().astype(np.float32), "one": out[:1]}[kind]
    found = found_in(tmp_path, output_0=dumped)
    assert (found.verdict, found.exit_code, found.findings) == ("pass", 0, ())
    assert found.samples == len(dumped)
    assert "Only outputs were dumped" in found.summary


def test_a_mistake_with_inputs_is_named_from_outputs_alone(tmp_path):
    found = found_in(tmp_path, output_0=answers(turned=True))
    assert (found.verdict, rules(found)) == ("fail", ["orientation-mismatch"])
    assert found.findings[0].evidence["seen_in"] == "outputs"
    assert found.findings[0].evidence["mistakes"] == ["rot90"]
    assert found.tensors[0].state == "follows"


def test_mistakes_that_make_the_same_outputs_are_all_told(tmp_path):
    rows, _, params, _ = digits()
    blank = np.full_like(rows, params.scales[0] * (0 - params.zero_points[0]))
    found = found_in(tmp_path, output_0=nets.run(MODEL.read_bytes(), blank)[0])
    (finding,) = found.findings
    said = [finding.evidence["words"], *finding.evidence["alike"]]
    assert "a buffer of zeros" in said
    assert len(said) > 1
    assert "Dump the input to decide." in finding.message


def test_outputs_that_follow_from_a_wrong_input_are_no_second_mistake(tmp_path):
    rows, _, params, _ = digits()
    turned = codes(np.rot90(rows, 1, (1, 2)), params)
    found = found_in(tmp_path, image=turned, output_0=answers(turned=True))
    assert rules(found) == ["orientation-mismatch"]
    assert [each.state for each in found.tensors] == ["mistake", "follows"]


def test_wrong_answers_to_right_inputs_are_the_devices(tmp_path):
    rows, _, params, out = digits()
    noise = np.random.default_rng(0).integers(-60, 60, answers().shape)
    broken = np.clip(codes(answers(), out).astype(int) + noise, -128, 127).astype(np.int8)
    found = found_in(tmp_path, image=codes(rows, params), output_0=broken)
    assert rules(found) == ["kernel-divergence"]
    assert [each.state for each in found.tensors] == ["same", "diverges"]
    assert "input is not to blame" in found.findings[0].fix


def test_what_nothing_explains_is_inconclusive(tmp_path):
    noise = np.random.default_rng(0).random(answers().shape)
    found = found_in(tmp_path, output_0=noise)
    assert (found.verdict, found.exit_code, found.findings) == ("inconclusive", 3, ())
    assert "Dump the inputs of the same runs too" in found.summary
    rows = np.random.default_rng(0).integers(-128, 128, digits()[0].shape).astype(np.int8)
    found = found_in(tmp_path, image=rows)
    assert (found.verdict, found.tensors[0].state) == ("inconclusive", "unexplained")
    assert found.tensors[0].nearest is not None


def test_kernels_that_round_otherwise_are_no_mistake(tmp_path):
    noisy = answers() + np.random.default_rng(0).normal(0, 0.012, answers().shape)
    found = found_in(tmp_path, output_0=noisy)
    assert (found.verdict, found.tensors[0].state) == ("pass", "harmless")
    assert found.tensors[0].exact_share < 0.9


def test_answers_in_another_order_ask_for_ids(tmp_path):
    found = found_in(tmp_path, output_0=answers()[::-1].copy())
    assert (found.verdict, found.tensors[0].state) == ("inconclusive", "reordered")
    assert "ids" in found.summary
    ids = np.array(digits()[1][::-1])
    found = found_in(tmp_path, output_0=answers()[::-1].copy(), ids=ids)
    assert (found.verdict, found.sample_ids, found.has_ids) == ("pass", tuple(ids), True)


def test_a_csv_of_whole_numbers_is_codes(tmp_path):
    path = tmp_path / "dump.csv"
    np.savetxt(path, codes(answers(), digits()[3]), fmt="%d", delimiter=",")
    options = MatchOptions(runtime="litert", tensor="output_0")
    assert match(SPEC, MODEL, path, options, silent).verdict == "pass"
    np.savetxt(path, codes(answers(), digits()[3]), fmt="%.1f", delimiter=",")
    assert rules(match(SPEC, MODEL, path, options, silent)) == ["output-not-dequantized"]


def test_unsigned_bytes_of_a_csv_input_are_the_tensors(tmp_path):
    path = tmp_path / "dump.csv"
    right = codes(digits()[0], digits()[2]).view(np.uint8)
    np.savetxt(path, right.reshape(COUNT, -1), fmt="%d", delimiter=",")
    assert match(SPEC, MODEL, path, MatchOptions(tensor="image"), silent).verdict == "pass"


def test_no_more_samples_are_compared_than_asked_for(tmp_path):
    found = found_in(tmp_path, options=MatchOptions("litert", limit=3), output_0=answers())
    assert (found.samples, len(found.sample_ids)) == (3, 3)
    for wrong in ({"limit": 0}, {"timeout": 0.0}, {"timeout": float("nan")}):
        with pytest.raises(UsageError):
            MatchOptions(**wrong)


def two_inputs(folder):
    values = np.random.default_rng(0).normal(size=(2, 8, 4)).astype(np.float32)
    np.savez(folder / "samples.npz", left=values[0], right=values[1])
    kind = {"kind": "array", "shape": [4]}
    spec = {"version": 1, "model": {"task": "other"}, "inputs": {"left": kind, "right": kind},
            "dataset": {"path": "samples.npz"}}  # fmt: skip
    (folder / "spec.yaml").write_text(json.dumps(spec))
    (folder / "model.tflite").write_bytes(two_input_add())
    return folder / "spec.yaml", folder / "model.tflite", values


def test_inputs_in_each_others_places_are_named(tmp_path):
    spec, model, (x, y) = two_inputs(tmp_path)
    found = found_in(tmp_path, spec, model, left=y, right=x)
    assert rules(found) == ["io-order-swapped"] * 2
    assert found_in(tmp_path, spec, model, left=x, right=y).verdict == "pass"


def test_outputs_in_each_others_places_are_named(tmp_path):
    tensors = [TensorDef("input", (1, 4)), TensorDef("one", (1,), data=np.ones(1)),
               TensorDef("a", (1, 4)), TensorDef("b", (1, 4))]  # fmt: skip
    steps = [OpDef("ADD", [0, 1], [2]), OpDef("MUL", [2, 2], [3])]
    (tmp_path / "model.tflite").write_bytes(build_model(tensors, steps, [0], [2, 3]))
    rows = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    np.savez(tmp_path / "samples.npz", x=rows)
    spec = {"version": 1, "model": {"task": "other"},
            "inputs": {"x": {"kind": "array", "shape": [4]}},
            "dataset": {"path": "samples.npz"}}  # fmt: skip
    (tmp_path / "spec.yaml").write_text(json.dumps(spec))
    a, b = rows + 1, (rows + 1) ** 2
    where = tmp_path / "spec.yaml", tmp_path / "model.tflite"
    assert found_in(tmp_path, *where, a=a, b=b).verdict == "pass"
    assert rules(found_in(tmp_path, *where, a=b, b=a)) == ["output-order-changed"] * 2


def test_a_float_model_and_values_that_are_not_finite(tmp_path):
    rows = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    np.savez(tmp_path / "samples.npz", x=rows)
    spec = {"version": 1, "model": {"task": "other"},
            "inputs": {"x": {"kind": "array", "shape": [4]}},
            "dataset": {"path": "samples.npz"}}  # fmt: skip
    (tmp_path / "spec.yaml").write_text(json.dumps(spec))
    (tmp_path / "model.tflite").write_bytes(identity((1, 4)))
    where = tmp_path / "spec.yaml", tmp_path / "model.tflite"
    assert found_in(tmp_path, *where, x=rows, output=rows).verdict == "pass"
    for bad in (np.nan, np.inf, -np.inf, 3e38):
        wild = np.full_like(rows, bad)
        found = found_in(tmp_path, *where, x=wild, output=wild)
        assert found.verdict != "pass"
        assert found.tensors[0].nonfinite == (0 if bad == 3e38 else rows.size)
        assert ("inputs-nonfinite" in rules(found)) == (bad != 3e38)
        json.dumps(to_dict(found), allow_nan=False)


def test_what_stops_a_match_is_in_its_report():
    found = stopped(ZeroDivisionError("x"))
    assert (found.exit_code, found.error.kind, found.verdict) == (70, "internal", "inconclusive")
    assert render(found).startswith("STOPPED   ZeroDivisionError: x.")


def test_a_device_is_not_blamed_where_its_input_is_unexplained(tmp_path):
    random = np.random.default_rng(0)
    rows = random.integers(-128, 128, digits()[0].shape).astype(np.int8)
    found = found_in(tmp_path, image=rows, output_0=random.random(answers().shape))
    assert (found.verdict, found.findings) == ("inconclusive", ())
    assert {each.state for each in found.tensors} == {"unexplained"}


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint64", "float16", "float64"])
def test_any_bits_are_a_dump_and_no_crash(tmp_path, dtype):
    random = np.random.default_rng(7)
    for shape in ((3, 16, 16, 1), (1, 256)):
        raw = random.integers(0, 256, np.prod(shape) * np.dtype(dtype).itemsize, np.uint8)
        rows = raw.astype(bool) if dtype == "bool" else raw.view(dtype)
        found = found_in(tmp_path, image=rows.reshape(shape))
        assert found.error is None
        json.dumps(to_dict(found), allow_nan=False)
