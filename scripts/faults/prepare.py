"""Samples as a spec prepares them, all at once."""

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from edgecheck.preprocess.pipeline import Pipeline
from edgecheck.samples.open import open_dataset
from edgecheck.spec.load import load_spec
from faults.case import Array

_CHUNK = 64


def prepared(spec: Path) -> dict[str, Array]:
    """Run the steps of a spec on its dataset.

    Args:
        spec: the file.

    Returns:
        float32 (n, *shape) by input.

    Raises:
        EdgecheckError: the spec is wrong, or its dataset does not fit.
    """
    parsed = load_spec(spec).spec
    assert parsed.dataset is not None
    # The labels are kept out of the features of a table, and not read.
    dataset = open_dataset(parsed.dataset, spec.parent, parsed.inputs, (), "none")
    pipelines = {name: Pipeline(name, part) for name, part in parsed.inputs.items()}
    made: dict[str, list[Array]] = {name: [] for name in pipelines}
    for chunk in dataset.chunks(_CHUNK):
        for name, pipeline in pipelines.items():
            made[name].append(pipeline(chunk.rows[name], chunk.ids))
    return {name: np.concatenate(parts) for name, parts in made.items()}


def write_spec(path: Path, spec: dict[str, Any]) -> None:
    """As YAML, in the order of the keys, without anchors: a spec may not have them."""
    path.write_text(yaml.dump(spec, Dumper=_Plain, sort_keys=False))


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  (the name is PyYAML's)
        return True
