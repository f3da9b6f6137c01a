"""Boxes and scores behind one scale, read before they are joined."""

import numpy as np
import pytest
from benches import bench_of
from joined_head import CODES, ROWS, head
from models import int8_dense
from reports import finding
from tflite_writer import SignatureDef

from edgecheck.diagnosis.experiments.bench import Impossible
from edgecheck.diagnosis.experiments.copied_codes import tie_or_split
from edgecheck.diagnosis.experiments.split_head import split_head
from edgecheck.findings import Subject

FOUND = [finding("head-shared-scale", role="cause", subject=Subject("output", "joined"))]


@pytest.fixture(autouse=True)
def litert():
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")


@pytest.mark.parametrize("own", [True, False], ids=["converted for it", "computed in it"])
def test_parts_with_ranges_of_their_own_follow_the_twin(own, tmp_path):
    groups = {"groups": {"boxes": (0, 4), "scores": (4, 6)}}
    bench = bench_of(tmp_path, head(own=own), ROWS, outputs={"joined": groups})
    found = split_head(bench, FOUND, FOUND)
    assert found.effect == "restored"
    assert found.proof.metric == "sqnr_db"
    assert found.proof.before < 3
    assert found.proof.after > 15
    assert found.proof.action.startswith("2 parts read before they are joined")


def test_what_follows_the_joint_is_taken_out_with_it(tmp_path):
    data = head(own=False, behind=["DEQUANTIZE"])
    found = [finding("head-shared-scale", role="cause", subject=Subject("output", "dequantize"))]
    assert split_head(bench_of(tmp_path, data, ROWS), found, found).effect == "restored"


def test_a_branch_that_is_lost_in_the_joint_range_is_split_off(tmp_path):
    lost = [
        finding(
            "concat-scale-mismatch",
            "warning",
            "cause",
            subject=Subject("tensor", "branch5"),
            evidence={"kind": "lost-branch"},
        )
    ]
    assert tie_or_split(bench_of(tmp_path, head(own=True), ROWS), lost, lost).effect == "restored"


def test_a_joint_inside_the_model_is_no_head(tmp_path):
    data = head(own=False, behind=["DEQUANTIZE", "TANH"])
    found = [finding("head-shared-scale", role="cause", subject=Subject("output", "tanh"))]
    with pytest.raises(Impossible, match="not joined"):
        split_head(bench_of(tmp_path, data, ROWS), found, found)


def test_signatures_do_not_stand_in_the_way(tmp_path):
    last = 7
    plain = head(own=False)
    named = head(own=False, signatures=[SignatureDef("run", {"x": 0}, {"joined": last})])
    assert len(named) > len(plain)
    assert split_head(bench_of(tmp_path, named, ROWS), FOUND, FOUND).effect == "restored"


def test_one_layer_cannot_be_split(tmp_path):
    weights = np.concatenate([CODES[0], CODES[1] * 1e-3]).astype(np.float32)
    data = int8_dense(weights, np.zeros(6, np.float32), (-1, 1), (-300, 300))
    found = [finding("head-shared-scale", role="cause", subject=Subject("output", "output"))]
    with pytest.raises(Impossible, match="not joined"):
        split_head(bench_of(tmp_path, data, ROWS), found, found)
