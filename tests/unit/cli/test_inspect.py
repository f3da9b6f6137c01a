import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
import typer
from models import (
    OpDef,
    SignatureDef,
    TensorDef,
    build_model,
    float_dense,
    int8_dense,
    two_input_add,
)
from typer.testing import CliRunner

from edgecheck.cli.inspect import inspect
from edgecheck.errors import InputMissing, ModelFileInvalid

APP = typer.Typer()
APP.command()(inspect)


@pytest.fixture
def show(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    def run(data, *options):
        path = tmp_path / "model.tflite"
        path.write_bytes(data)
        result = CliRunner().invoke(APP, [str(path), *options], catch_exceptions=False)
        assert result.exit_code == 0
        return result.output

    return run


def test_the_text_fits_80_columns_and_names_the_facts(show):
    data = int8_dense(np.eye(2), np.zeros(2), (-1, 1), (-1, 1))
    text = show(data)
    assert max(map(len, text.splitlines())) <= 80
    for fact in ("full-integer", "FULLY_CONNECTED", "q = clip(round(x / ", "Input input"):
        assert fact in text
    assert hashlib.sha256(data).hexdigest() in text


def test_text_that_is_not_for_a_terminal_has_no_escape_codes(show):
    assert "\x1b" not in show(float_dense(np.eye(2), np.zeros(2)))


def test_hostile_names_are_shown_as_they_are(show):
    name = "[bold red]x[/] \x1b[31m :smile: [link=a]"
    tensors = [TensorDef(name, (1,)), TensorDef("y" * 300, (1,))]
    operator = OpDef("", [0], [1], custom_code="[/]\n")
    text = show(build_model(tensors, [operator], [0], [1]))
    assert "[bold red]x[/] \\x1b[31m :smile: [link=a]" in text
    assert "[/]\\n" in text
    assert "\x1b" not in text


def test_signatures_are_listed(show):
    text = show(two_input_add(signatures=[SignatureDef("serve", {"a": 0, "b": 1}, {"c": 2})]))
    assert "Signatures" in text
    assert "serve" in text
    assert "a, b" in text
    assert "Signatures" not in show(two_input_add())


def test_json_is_complete(show):
    facts = json.loads(show(two_input_add(), "--json"))
    assert [port["name"] for port in facts["inputs"]] == ["left", "right"]
    assert facts["scheme"] == "none"


def test_errors_propagate_to_the_top_level_handler(tmp_path):
    with pytest.raises(InputMissing):
        inspect(tmp_path / "absent.tflite")
    (tmp_path / "model.tflite").write_bytes(b"\0")
    with pytest.raises(ModelFileInvalid):
        inspect(tmp_path / "model.tflite")


def test_the_module_imports_nothing_heavy():
    code = (
        "import sys, edgecheck.cli.inspect; "
        "print([n for n in ('numpy', 'pydantic', 'tflite') if n in sys.modules])"
    )
    run = [sys.executable, "-c", code]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_the_releases_that_take_the_file_are_listed_with_what_older_ones_miss(show):
    tensors = [TensorDef("x", (1,)), TensorDef("y", (1,))]
    data = build_model(tensors, [OpDef("FULLY_CONNECTED", [0], [1], version=10)], [0], [1])
    text = show(data)
    assert max(map(len, text.splitlines())) <= 80
    lines = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.split()}
    assert lines["tflite-runtime"] == ["2.13.0", "FULLY_CONNECTED", "v10"]
    assert lines["litert"][:3] == ["1.0.0", "or", "older"]


def test_a_file_that_no_release_takes_is_told_so_in_json_too(show):
    tensors = [TensorDef("x", (1,)), TensorDef("y", (1,))]
    operator = OpDef("", [0], [1], custom_code="edgetpu-custom-op")
    found = json.loads(show(build_model(tensors, [operator], [0], [1]), "--json"))["loads_in"]
    assert [entry["runtime"] for entry in found] == [
        "tflite-runtime",
        "litert",
        "tensorflow",
        "tflm",
    ]
    assert [entry["verdict"] for entry in found] == ["no", "no", "no", "unknown"]
    assert found[0]["lacks"][0]["operator"] == "edgetpu-custom-op"
