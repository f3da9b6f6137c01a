from pathlib import Path
from typing import get_args

import pytest

from edgecheck.preprocess.dry_run import final_shape
from edgecheck.preprocess.ranges import pixel_map
from edgecheck.spec.load import load_spec
from edgecheck.spec.model import InputSpec, ModelSpec

CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))
TASKS = set(get_args(ModelSpec.model_fields["task"].annotation)) - {"other"}
KINDS = set(get_args(InputSpec.model_fields["kind"].annotation))


@pytest.fixture(params=CONFIGS, ids=lambda path: path.name)
def spec(request):
    return load_spec(request.param).spec


def test_config_is_a_valid_spec(spec):
    assert spec.version == 1


def test_there_is_a_config_for_each_task_and_each_kind_of_sample():
    specs = [load_spec(path).spec for path in CONFIGS]
    assert {each.model.task for each in specs} == TASKS
    assert {entry.kind for each in specs for entry in each.inputs.values()} == KINDS


def test_the_steps_of_images_make_the_shape_and_the_range_that_is_promised(spec):
    for entry in (each for each in spec.inputs.values() if each.kind == "image"):
        made = pixel_map(entry)
        assert made.span == pytest.approx(entry.range, abs=1e-3)
        # Shapes are None where they depend on the stored image.
        assert made.shape == entry.shape


def test_the_steps_of_sound_make_the_shape_that_is_promised(spec):
    for entry in (each for each in spec.inputs.values() if each.kind == "audio"):
        assert final_shape(entry) == entry.shape
