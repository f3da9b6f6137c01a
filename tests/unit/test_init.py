from pathlib import Path

import pytest
from command_line import DIGITS, HEALTHY

from edgecheck.errors import ReportUnwritable, UsageError
from edgecheck.init import init
from edgecheck.spec.load import load_spec


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "my model.tflite"
    path.write_bytes(HEALTHY.read_bytes())
    return path


def test_the_spec_goes_beside_the_model_under_its_name(model):
    written = init(model)
    assert written.path == model.with_name("my model.yaml")
    assert written.path.read_text().startswith('# How training fed "my model.tflite";')
    spec = load_spec(written.path).spec
    assert spec.inputs["image"].range == (-1, 1)
    assert spec.model.quantization == "full-integer"
    assert f"'{model}'" in written.next_command


def test_what_is_counted_is_what_is_marked(model):
    written = init(model)
    lines = written.path.read_text().splitlines()
    assert written.guessed == sum("guessed: " in line for line in lines) > 0
    assert written.open == sum("TODO: " in line for line in lines) > 0


def test_nothing_is_overwritten_unless_it_is_wanted(model):
    taken = model.with_suffix(".yaml")
    taken.write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        init(model)
    assert taken.read_text() == "mine"
    init(model, force=True)
    assert load_spec(taken).spec.version == 1


def test_neither_the_model_nor_the_config_is_ever_replaced(model, tmp_path):
    config = tmp_path / "preprocessor_config.json"
    config.write_text("{}")
    for out in (model, config):
        with pytest.raises(UsageError, match="is an input of this run"):
            init(model, out, source=str(tmp_path), force=True)
    assert model.read_bytes() == HEALTHY.read_bytes()
    assert config.read_text() == "{}"


def test_a_folder_that_is_not_there_is_named(model, tmp_path):
    with pytest.raises(ReportUnwritable, match="there is no folder"):
        init(model, tmp_path / "none" / "a.yaml")


def test_a_first_spec_of_digits_needs_only_its_dataset_to_pass(model, tmp_path):
    """All that was guessed from the scale is what training did (configs/digits.yaml)."""
    from edgecheck.validation import validate

    pytest.importorskip("ai_edge_litert", reason="a runtime is needed")
    path = init(model, tmp_path / "spec.yaml").path
    known = f"dataset:\n  path: {DIGITS}/images/*.png\n  labels: {DIGITS}/labels.csv\n"
    path.write_text(path.read_text() + known)
    report = validate(path, HEALTHY)
    assert report.verdict == "pass", report.findings
    assert report.metrics.accuracy.candidate > 0.9
    assert Path(path).exists()
