from pathlib import Path

import pytest

from edgecheck.spec.load import load_spec

CONFIGS = Path(__file__).parents[3] / "configs"


def test_there_are_configs():
    assert list(CONFIGS.glob("*.yaml"))


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_config_is_a_valid_spec(path):
    assert load_spec(path).spec.version == 1
