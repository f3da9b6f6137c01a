"""`edgecheck init` on every file of the field corpus: a valid spec."""

import os
from pathlib import Path

import pytest

from edgecheck.errors import ModelFileInvalid
from edgecheck.init import init
from edgecheck.spec.load import load_spec

CORPUS = Path(os.environ.get("EDGECHECK_CORPUS") or "none")
FILES = sorted(CORPUS.rglob("*.tflite"))


@pytest.mark.skipif(not FILES, reason="EDGECHECK_CORPUS does not name the field corpus")
def test_every_model_of_the_corpus_gets_a_valid_spec(tmp_path):
    refused = []
    for number, model in enumerate(FILES):
        out = tmp_path / f"{number}.yaml"
        try:
            init(model, out, task="other")
        except ModelFileInvalid:
            refused.append(model.name)
            continue
        assert load_spec(out).spec.inputs, model
    assert refused == ["invalid_model.tflite"]
