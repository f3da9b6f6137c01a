"""A match in this process: outputs, inputs with outputs, and what cannot be told."""

import json
from functools import cache

import jsonschema
import nets
import numpy as np
import pytest
from command_line import ROOT
from models import identity, int8_dense, two_input_add
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
    rows, params = digits()[0], digits()[2]
    floored = np.floor(rows / params.scales[0]) + params.zero_points[0]
    fed = ((floored - params.zero_points[0]) * params.scales[0]).astype(np.float32)
    found = found_in(tmp_path, output_0=nets.run(MODEL.read_bytes(), fed)[0])
    assert (found.verdict, found.tensors[0].state) == ("pass", "harmless")


def test_answers_farther_off_than_kernels_and_roundings_move_them_are_not_harmless(tmp_path):
    dumped, ids = answers().copy(), digits()[1]
    dumped[3] = np.roll(dumped[3], 1)
    dumped[5, 0] += 0.1
    found = found_in(tmp_path, output_0=dumped, ids=np.array(ids))
    told = found.tensors[0]
    assert (found.verdict, told.state, told.right_samples) == ("inconclusive", "unexplained", 10)
    assert told.differing == (ids[3], ids[5])
    assert told.deviation > 0.1 > told.healthy > 0
    assert f"10 of 12 samples are right, not {ids[3]}, {ids[5]}" in found.summary


def test_answers_in_another_order_ask_for_ids(tmp_path):
    found = found_in(tmp_path, output_0=answers()[::-1].copy())
    assert (found.verdict, found.tensors[0].state) == ("inconclusive", "reordered")
    assert "ids" in found.summary
    ids = np.array(digits()[1][::-1])
    found = found_in(tmp_path, output_0=answers()[::-1].copy(), ids=ids)
    assert (found.verdict, found.sample_ids, found.has_ids) == ("pass", tuple(ids), True)


@pytest.mark.parametrize("kind", ["input", "output"])
def test_right_values_of_other_samples_than_the_ids_say_are_mixed_up(tmp_path, kind):
    order = np.array([3, 0, 5, 1, 2, 4, 11, 9, 7, 6, 10, 8])
    rows = codes(digits()[0], digits()[2])[order]
    dumped = {"input": {"image": rows}, "output": {"output_0": answers()[order]}}[kind]
    found = found_in(tmp_path, **dumped, ids=np.array(digits()[1]))
    assert (found.verdict, rules(found)) == ("fail", ["output-alias-reuse"])
    assert found.findings[0].evidence["mistakes"] == ["mixed-up"]
    assert "Give the dump `ids`" not in found.summary


@pytest.mark.parametrize(("place", "samples"), [
    ((3,), 1), ((slice(None), slice(0, None, 4)), 12), ((7, 2, 2, 0), 1),
])  # fmt: skip
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_input_that_is_no_number_fails_with_its_samples(tmp_path, place, samples, value):
    rows = digits()[0].copy()
    rows[place] = value
    found = found_in(tmp_path, image=rows)
    assert (found.verdict, rules(found)[0]) == ("fail", "inputs-nonfinite")
    told = found.findings[0].evidence
    assert (told["samples_hit"], len(told["hit"])) == (samples, min(samples, 8))
    assert samples > 1 or told["hit"][0] in found.summary


@pytest.mark.parametrize("rows", [[4], list(range(12))])
def test_outputs_that_are_no_numbers_fail_and_name_no_class(tmp_path, rows):
    dumped = answers().astype(np.float32)
    dumped[rows, 0] = np.nan
    found = found_in(tmp_path, output_0=dumped)
    assert (found.verdict, rules(found)) == ("fail", ["nonfinite-output"])
    assert found.findings[0].evidence["samples_hit"] == len(rows)
    assert found.tensors[0].state == "mistake"
    assert found.tensors[0].agreement <= 1 - len(rows) / COUNT


@pytest.mark.parametrize("wrong", [[4], [0, 5, 6, 7]])
def test_a_mistake_with_some_samples_is_named_with_them(tmp_path, wrong):
    rows = digits()[0].copy()
    rows[wrong] = rows[wrong][:, :, ::-1]
    found = found_in(tmp_path, image=codes(rows, digits()[2]))
    assert (found.verdict, rules(found)) == ("fail", ["orientation-mismatch"])
    ids = [found.sample_ids[row] for row in wrong]
    assert (found.findings[0].evidence["hit"], found.tensors[0].right_samples) == (
        ids,
        12 - len(wrong),
    )
    assert f"{len(wrong)} of 12 samples ({ids[0]}" in found.summary


def test_where_in_a_picture_values_differ_is_told(tmp_path):
    right = codes(digits()[0], digits()[2])
    few, many = right.copy(), right.copy()
    few[:, 0, :1] = 99
    many[:, 14:] = 31
    found = found_in(tmp_path, image=few)
    assert found.verdict == "pass"
    assert 'of input "image" differ' in found.summary.replace("the values ", "")
    assert "all in row 0, column 0" in found.summary
    found = found_in(tmp_path, image=many)
    assert (found.verdict, found.tensors[0].right_samples) == ("inconclusive", 0)
    assert "all in rows 14 to 15" in found.summary


def test_codes_for_a_model_of_floats_are_of_another_file(tmp_path):
    rows = digits()[0]
    model = ROOT / "sample_models" / "digits" / "float.tflite"
    right = codes(rows, digits()[2])
    for dumped in ({"image": right}, {"output_0": codes(answers(), digits()[3])}):
        found = found_in(tmp_path, model=model, **dumped)
        assert (found.exit_code, found.error.kind) == (3, "dump-unreadable")
        assert "another, quantized file" in found.summary
    found = found_in(tmp_path, image=right > 0)
    assert (found.exit_code, "truth values" in found.summary) == (3, True)


@pytest.mark.parametrize("turn", [1, 2])
def test_mistakes_have_the_room_that_other_roundings_need(tmp_path, turn):
    rows, params = np.rot90(digits()[0], turn, (1, 2)), digits()[2]
    floored = np.floor(rows / params.scales[0]) * params.scales[0]
    found = found_in(tmp_path, output_0=nets.run(MODEL.read_bytes(), floored.astype(np.float32))[0])
    assert (found.verdict, rules(found)) == ("fail", ["orientation-mismatch"])


def test_answers_to_the_sample_before_are_named_whatever_rounded_them(tmp_path):
    rows, params = digits()[0], digits()[2]
    floored = np.floor(rows / params.scales[0]) * params.scales[0]
    late = np.roll(nets.run(MODEL.read_bytes(), floored.astype(np.float32))[0], 1, axis=0)
    assert rules(found_in(tmp_path, output_0=late)) == ["output-alias-reuse"]


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
    found = found_in(tmp_path, spec, model, left=x)
    assert (found.verdict, 'input "right" was not dumped' in found.summary) == ("pass", True)


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
        assert (found.error is None) == (dtype != "bool")
        json.dumps(to_dict(found), allow_nan=False)


def copies(folder, rows, task="other", **spec):
    """A spec and a float model that gives its input back, and the dataset of these rows."""
    np.savez(folder / "samples.npz", x=rows)
    written = {"version": 1, "model": {"task": task}, "dataset": {"path": "samples.npz"},
               "inputs": {"x": {"kind": "array", "shape": [rows.shape[1]]}}, **spec}  # fmt: skip
    (folder / "spec.yaml").write_text(json.dumps(written))
    (folder / "model.tflite").write_bytes(identity((1, rows.shape[1])))
    return folder / "spec.yaml", folder / "model.tflite"


def noisy(rows, db):
    noise = np.random.default_rng(1).normal(size=rows.shape)
    return (rows + noise * 10 ** (-db / 20) * np.sqrt((rows**2).mean())).astype(np.float32)


@pytest.mark.parametrize(("limits", "state"), [
    ({}, "harmless"), ({"sqnr_db": 20}, "harmless"), ({"sqnr_db": 40}, "diverges"),
])  # fmt: skip
def test_embeddings_are_near_by_their_noise_not_by_their_largest_element(tmp_path, limits, state):
    random = np.random.default_rng(0)
    rows = np.ones((12, 64), np.float32) + random.normal(0, 1e-3, (12, 64)).astype(np.float32)
    rows *= random.uniform(1, 9, (12, 1)).astype(np.float32)
    where = copies(tmp_path, rows, "embedding", tolerances=limits)
    found = found_in(tmp_path, *where, x=rows, output=noisy(rows, 30))
    answer = found.tensors[1]
    assert (answer.kind, answer.state, answer.agreement) == ("output", state, None)
    assert 29 < answer.sqnr_db < 31


@pytest.mark.parametrize(("least", "state"), [(None, "diverges"), (0.8, "harmless")])
def test_the_agreement_that_a_spec_tolerates_goes_before_the_usual(tmp_path, least, state):
    rows = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    rows[:2] = (1.0, 1.01, -1.0, -1.0)
    limits = {"sqnr_db": 20, **({} if least is None else {"agreement": least})}
    where = copies(tmp_path, rows, "classification", tolerances=limits)
    dumped = noisy(rows, 40)
    dumped[:2] = (1.01, 1.0, -1.0, -1.0)
    found = found_in(tmp_path, *where, x=rows, output=dumped)
    assert (found.tensors[1].state, found.tensors[1].agreement) == (state, 10 / 12)


def test_a_few_values_that_are_nan_are_no_right_input(tmp_path):
    rows = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    where = copies(tmp_path, rows)
    dumped = rows.copy()
    dumped[7, 2] = np.nan
    found = found_in(tmp_path, *where, x=dumped)
    assert (found.verdict, rules(found)) == ("fail", ["inputs-nonfinite"])
    assert (found.tensors[0].state, found.tensors[0].nonfinite) == ("mistake", 1)
    assert found_in(tmp_path, *where, x=rows).verdict == "pass"


def test_right_features_of_0_and_1_in_a_float_log_pass_with_what_was_answered(tmp_path):
    rows = np.random.default_rng(0).integers(0, 2, (20, 4)).astype(np.float32)
    where = copies(tmp_path, rows)
    weights = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    model = int8_dense(weights, np.zeros(3, np.float32), (0.0, 1.0), (-4.0, 4.0))
    (tmp_path / "model.tflite").write_bytes(model)
    found = found_in(tmp_path, *where, x=rows, output=nets.run(model, rows)[0])
    assert (found.verdict, found.findings) == ("pass", ())
    assert [each.state for each in found.tensors] == ["same", "same"]
