import json

import pytest
from command_line import HEALTHY, edgecheck
from models import float_dense

from edgecheck.spec.load import load_spec


def test_init_writes_a_spec_and_says_what_is_next(tmp_path):
    out = tmp_path / "spec.yaml"
    result = edgecheck("init", HEALTHY, "-o", out)
    assert (result.returncode, result.stderr) == (0, "")
    assert f"WROTE     {out}" in result.stdout
    assert f"next      edgecheck validate {out} {HEALTHY}" in result.stdout
    assert load_spec(out).spec.model.task == "classification"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--from", "keras/mobilenetv2"], 2, "did you mean 'keras/mobilenet_v2'?"),
        (["--from", "none.json"], 3, "there is no file none.json"),
        (["--from", "bad.json"], 3, "bad.json is no JSON object"),
        (["--from", "keras/vgg16"], 2, "do not work on 1 channels"),
        (["--task", "guess"], 2, "no task 'guess'"),
        (["-o", "none/spec.yaml"], 3, "there is no folder"),
    ],
)
def test_what_cannot_be_done_is_said_and_writes_nothing(tmp_path, arguments, code, said):
    (tmp_path / "bad.json").write_text("[" * 50_000)
    (tmp_path / "m.tflite").write_bytes(HEALTHY.read_bytes())
    result = edgecheck("init", "m.tflite", *arguments, cwd=tmp_path)
    assert result.returncode == code
    assert said in result.stderr
    assert "to fix: " in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.json", "m.tflite"]


def test_a_model_that_is_none_is_exit_3(tmp_path):
    (tmp_path / "m.tflite").write_bytes(b"hello, I am no model")
    for name in ("m.tflite", "none.tflite"):
        assert edgecheck("init", name, cwd=tmp_path).returncode == 3


def test_an_open_task_is_asked_for_and_then_taken(tmp_path):
    import numpy as np

    (tmp_path / "m.tflite").write_bytes(float_dense(np.eye(3), np.zeros(3)))
    arguments = ["init", "m.tflite", "--task"]
    assert edgecheck(*arguments, "embedding", cwd=tmp_path).returncode == 0
    assert load_spec(tmp_path / "m.yaml").spec.model.task == "embedding"


def test_a_config_of_hugging_face_is_taken_from_its_folder(tmp_path):
    values = {"image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16},
              "image_mean": [0.5], "image_std": [0.5], "do_normalize": True}  # fmt: skip
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(values))
    out = tmp_path / "spec.yaml"
    assert edgecheck("init", HEALTHY, "--from", tmp_path, "-o", out).returncode == 0
    assert load_spec(out).spec.inputs["image"].range == (-1, 1)
