"""Models as they were seen in the field, rebuilt: what looks broken and is right, and the reverse."""

import numpy as np
import pytest
import yaml
from models import OpDef, TensorDef, build_model, constant_dense, float_dense, int8_dense

from edgecheck import validate

ROWS = 455
RANDOM = np.random.default_rng(0)


@pytest.fixture
def judged(tmp_path):
    """Run reference and candidate on rows; the report."""
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")

    def run(reference, candidate, task, rows, labels=None, **parts):
        (tmp_path / "float.tflite").write_bytes(reference)
        (tmp_path / "model.tflite").write_bytes(candidate)
        arrays = {"x": rows} if labels is None else {"x": rows, "y": labels}
        np.savez(tmp_path / "rows.npz", **arrays)
        dataset = {"path": "rows.npz", **({} if labels is None else {"labels": "y"})}
        spec = {
            "version": 1,
            "model": {"task": task, "reference": "float.tflite"},
            "inputs": {"x": {"kind": "array", "shape": list(rows.shape[1:])}},
            "dataset": dataset,
            **parts,
        }
        (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec))
        report = validate(tmp_path / "spec.yaml", tmp_path / "model.tflite")
        assert report.error is None, report.error
        return report

    return run


def errors(report):
    return {(f.rule, f.subject.kind) for f in report.findings if f.severity == "error"}


def two_clusters():
    """Rows around +1 or -1, and which."""
    sign = RANDOM.choice([-1.0, 1.0], ROWS)
    rows = sign[:, None] * RANDOM.uniform(0.4, 1, (ROWS, 4))
    return rows.astype(np.float32), (sign > 0).astype(np.int64)


SURE = np.array([[-6, -6, -6, -6], [6, 6, 6, 6]], np.float32)


def test_two_different_answers_that_are_all_right_pass(judged):
    rows, labels = two_clusters()
    sides = (
        float_dense(SURE, np.zeros(2), softmax=True),
        int8_dense(SURE, np.zeros(2), (-1, 1), (-24, 24), softmax=True),
    )
    report = judged(*sides, "classification", rows, labels)
    assert report.outputs[0].distinct_outputs == 2
    assert report.outputs[0].reference_distinct_outputs > 100
    assert report.metrics.accuracy.candidate == 1
    assert (report.exit_code, errors(report)) == (0, set())


def test_six_different_scores_of_a_wake_word_pass(judged):
    rows, labels = two_clusters()
    weights = np.full((1, 4), 5, np.float32)
    sides = (
        float_dense(weights, np.zeros(1)),
        int8_dense(weights, np.zeros(1), (-1, 1), (-800, 800)),
    )
    outputs = {"output": {"activation": "none"}}
    report = judged(*sides, "classification", rows, labels, outputs=outputs)
    assert report.outputs[0].distinct_outputs <= 6
    assert report.metrics.accuracy.candidate == 1
    assert (report.exit_code, errors(report)) == (0, set())


def test_constant_in_float_and_int8_alike_is_of_training(judged):
    rows, _ = two_clusters()
    bias = np.arange(1, 4, dtype=np.float32)
    candidate = int8_dense(np.full((3, 4), 1e-4, np.float32), bias, (-1, 1), (0, 3))
    report = judged(constant_dense(), candidate, "regression", rows)
    assert report.exit_code == 1
    assert errors(report) == {("constant-output", "reference")}
    (finding,) = [f for f in report.findings if f.rule == "constant-output"]
    assert "training, not quantization" in finding.fix


def test_a_direction_whose_larger_part_agrees_is_still_wrong(judged):
    angle = RANDOM.uniform(0, 2 * np.pi, ROWS)
    rows = np.stack([np.sin(angle), np.cos(angle)], 1).astype(np.float32)
    turn = np.deg2rad(25)
    turned = 0.438 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    truth, found = rows, rows @ turned.T
    assert 0.8 < (truth.argmax(1) == found.argmax(1)).mean() < 0.92
    sides = float_dense(np.eye(2), np.zeros(2)), float_dense(turned, np.zeros(2))
    report = judged(*sides, "regression", rows)
    assert report.metrics.agreement is None
    assert report.metrics.variation_sqnr_db == pytest.approx(4, abs=0.3)
    assert report.exit_code == 1
    assert errors(report) == {("parity-loss", "output")}


def test_a_regression_around_a_thousand_is_judged_by_what_varies(judged):
    rows, _ = two_clusters()
    weights = np.full((1, 4), 0.25, np.float32)
    bias = np.full(1, 1000, np.float32)
    sides = float_dense(weights, bias), float_dense(weights * 0.5, bias)
    report = judged(*sides, "regression", rows)
    assert report.metrics.sqnr_db > 50
    assert report.exit_code == 1
    healthy = judged(sides[0], float_dense(weights * 0.99, bias), "regression", rows)
    assert healthy.exit_code == 0


def test_one_sided_data_suspend_the_rules_of_collapse(judged):
    rows = RANDOM.uniform(0.4, 1, (ROWS, 4)).astype(np.float32)
    sides = (
        float_dense(SURE, np.zeros(2), softmax=True),
        int8_dense(SURE, np.zeros(2), (-1, 1), (-24, 24), softmax=True),
    )
    report = judged(*sides, "classification", rows, np.ones(ROWS, np.int64))
    assert "dataset-single-class" in {finding.rule for finding in report.findings}
    assert (report.exit_code, errors(report)) == (0, set())


def head(boxes_in_pixels, *, is_int8):
    """x (1, 6) -> x * factors + offsets -> (1, 6): four box sides and two scores."""
    size = 640.0 if boxes_in_pixels else 1.0
    factors = np.diag([size] * 4 + [1.0] * 2)
    if not is_int8:
        return float_dense(factors, np.zeros(6))
    return int8_dense(factors, np.zeros(6), (0, 1), (0, size))


GROUPS = {"output": {"groups": {"boxes": [0, 4], "scores": [4, 6]}}}


@pytest.mark.parametrize("outputs", [{}, GROUPS])
@pytest.mark.parametrize("in_pixels", [True, False])
def test_boxes_in_pixels_cost_the_scores_their_steps(judged, outputs, in_pixels):
    rows = RANDOM.uniform(0, 1, (ROWS, 6)).astype(np.float32)
    sides = (head(in_pixels, is_int8=side) for side in (False, True))
    report = judged(*sides, "detection", rows, outputs=outputs)
    found = [f for f in report.findings if f.rule == "head-shared-scale"]
    assert bool(found) is in_pixels
    assert report.exit_code == in_pixels
    if not in_pixels:
        return
    assert found[0].severity == "error"
    assert found[0].evidence["levels"] < 1
    assert found[0].evidence["group"] == ("group scores" if outputs else "channel 4")
    if outputs:
        assert [output.name for output in report.outputs] == ["output/boxes", "output/scores"]
        assert report.metrics.output == "output/scores"
        boxes, scores = report.outputs
        assert boxes.sqnr_db > 30 > scores.sqnr_db
        assert scores.levels < 1
        assert boxes.levels > 200


@pytest.mark.parametrize("axis", [-1, 1, 0, 7])
def test_groups_outside_the_output_are_refused(tmp_path, judged, axis):
    rows = RANDOM.uniform(0, 1, (30, 6)).astype(np.float32)
    groups = {"output": {"axis": axis, "groups": {"scores": [4, 7]}}}
    sides = (head(False, is_int8=side) for side in (False, True))
    with pytest.raises(AssertionError, match=r"outputs\.output"):
        judged(*sides, "detection", rows, outputs=groups)
    report = validate(tmp_path / "spec.yaml", tmp_path / "model.tflite")
    assert report.exit_code == 2


def test_segmentation_is_judged_by_pixels(judged):
    shape = (1, 8, 8, 3)
    shift = {name: np.array(values, np.float32) for name, values in {
        "none": [0, 0, 0], "little": [0.02, 0, 0], "much": [3, 0, 0]}.items()}  # fmt: skip
    models = {
        name: build_model(
            [TensorDef("input", shape), TensorDef("c", (3,), data=values), TensorDef("out", shape)],
            [OpDef("ADD", [0, 1], [2])], [0], [2],
        )
        for name, values in shift.items()
    }  # fmt: skip
    rows = RANDOM.normal(0, 1, (60, 8, 8, 3)).astype(np.float32)
    good = judged(models["none"], models["little"], "segmentation", rows)
    bad = judged(models["none"], models["much"], "segmentation", rows)
    expected = (rows.argmax(-1) == (rows + shift["little"]).argmax(-1)).mean()
    assert good.metrics.pixel_agreement == pytest.approx(expected)
    assert good.metrics.mean_iou > 0.97
    assert good.exit_code == 0
    assert bad.metrics.mean_iou < 0.4
    assert bad.exit_code == 1


def _with_arg_max(shape, shift):
    """Scores plus a shift, and the class number of the largest along the last axis."""
    tensors = [
        TensorDef("input", shape),
        TensorDef("c", shape[-1:], data=np.array(shift, np.float32)),
        TensorDef("scores", shape),
        TensorDef("axis", (1,), "int32", data=np.array([len(shape) - 1])),
        TensorDef("class", shape[:-1], "int64"),
    ]
    operators = [
        OpDef("ADD", [0, 1], [2]),
        OpDef("ARG_MAX", [2, 3], [4], options={"OutputType": 4}),
    ]
    return build_model(tensors, operators, [0], [4])


@pytest.mark.parametrize(
    ("task", "shape"), [("classification", (1, 12)), ("segmentation", (1, 6, 6, 12))]
)
def test_numbers_of_classes_are_no_measured_values(judged, task, shape):
    """The model ends in an ARG_MAX: class 11 is as far from class 10 as from class 0."""
    rows = RANDOM.normal(0, 1, (120, *shape[1:])).astype(np.float32)
    labels = rows.argmax(-1)
    right, shift = np.zeros(12), np.array([0.01, *np.zeros(11)])
    good = judged(_with_arg_max(shape, right), _with_arg_max(shape, shift), task, rows, labels)
    bad = judged(_with_arg_max(shape, right), _with_arg_max(shape, 100 * shift), task, rows, labels)
    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert ("parity-loss", "output") in errors(bad)
    if task == "classification":
        assert good.metrics.accuracy.reference == 1.0


def test_embeddings_are_judged_by_direction(judged):
    rows = RANDOM.normal(0, 1, (100, 4)).astype(np.float32)
    mixed = np.eye(4) + 0.45 * RANDOM.normal(0, 1, (4, 4))
    good = judged(
        float_dense(np.eye(4), np.zeros(4)), float_dense(np.eye(4) * 1.001, np.zeros(4)),
        "embedding", rows,
    )  # fmt: skip
    bad = judged(
        float_dense(np.eye(4), np.zeros(4)), float_dense(mixed, np.zeros(4)), "embedding", rows
    )
    assert good.outputs[0].neighbour_agreement == 1
    assert good.exit_code == 0
    assert bad.outputs[0].neighbour_agreement < 0.9
    assert bad.exit_code == 1


def test_an_autoencoder_is_judged_by_its_reconstruction(judged):
    rows = RANDOM.normal(10, 1, (200, 4)).astype(np.float32)
    sides = [float_dense(np.eye(4) * factor, np.zeros(4)) for factor in (0.98, 0.979, 0.96)]
    good = judged(sides[0], sides[1], "autoencoder", rows)
    bad = judged(sides[0], sides[2], "autoencoder", rows)
    assert good.metrics.errors.reference.rmse**2 == pytest.approx(
        ((0.02 * rows.astype(np.float64)) ** 2).mean(), rel=1e-3
    )
    assert good.exit_code == 0
    assert bad.metrics.sqnr_db > 30  # of the whole, which does not show it
    assert bad.metrics.errors.ratio == pytest.approx(4, rel=0.01)
    assert errors(bad) == {("parity-loss", "output")}
