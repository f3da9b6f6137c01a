"""Several models held against one reference in one pass."""

from dataclasses import replace

import numpy as np
import pytest
from models import float_dense, int8_dense
from walking import setup_of

from edgecheck.compare.beside import Variant, compare_variants
from edgecheck.compare.experiment import observe
from edgecheck.compare.stream import SideFault

RANDOM = np.random.default_rng(14)
WEIGHTS = RANDOM.normal(0, 1, (5, 8)).astype(np.float32)
BIAS = RANDOM.normal(0, 0.5, 5).astype(np.float32)
ROWS = RANDOM.uniform(-1, 1, (70, 8)).astype(np.float32)


@pytest.fixture
def setup(tmp_path):
    """A candidate in int8 beside its float model."""
    pytest.importorskip("ai_edge_litert", reason="LiteRT runs the models here")

    def entrant(name, data):
        (tmp_path / name).write_bytes(data)
        return setup_of(tmp_path / name, ROWS)[0]

    def make(logits=(-6.0, 6.0)):
        plain = entrant("candidate", int8_dense(WEIGHTS, BIAS, (-1, 1), logits))
        other = entrant("reference", float_dense(WEIGHTS, BIAS)).candidate
        return replace(plain, reference=replace(other, who="reference"))

    return make


def test_a_variant_is_compared_as_in_a_validation(setup):
    plain = setup((-1.0, 1.0))
    variants = [Variant("same", plain.candidate), Variant("float", plain.reference)]
    found = compare_variants(plain, variants, lambda *_: None)
    whole = observe(plain, lambda *_: None).comparison
    assert found["same"].outputs[0].pair == whole.outputs[0].pair
    assert found["same"].outputs[0].pair.agreement < 0.95
    assert found["float"].outputs[0].pair.agreement == 1
    assert found["float"].samples == 70


def test_progress_reaches_the_end(setup):
    told = []
    plain = setup()
    compare_variants(plain, [Variant("same", plain.candidate)], lambda *both: told.append(both))
    assert told[-1] == (70, 70)


def test_a_variant_that_is_refused_is_named(setup, tmp_path):
    plain = setup()
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"\0" * 64)
    variant = Variant("broken", replace(plain.candidate, path=broken))
    with pytest.raises(SideFault) as caught:
        compare_variants(plain, [variant], lambda *_: None)
    assert caught.value.who == "broken"


def test_nothing_is_compared_without_a_reference(setup):
    with pytest.raises(ValueError, match="against"):
        compare_variants(replace(setup(), reference=None), [], lambda *_: None)
