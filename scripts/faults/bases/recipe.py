"""What a base is made from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from faults.case import Array, Trait, Untyped


@dataclass(frozen=True)
class Recipe:
    """A kind of model and its data."""

    name: str
    fits: frozenset[Trait]
    write: Callable[[Path, np.random.Generator, int], Array]
    """Writes that many samples into a folder, with labels where the spec has them; gives the true
    answers: classes int64 (n,), or real values float32 (n, ...)."""
    spec: Callable[[Path], dict[str, Untyped]]
    """The spec, from the folder of the training samples; its dataset's paths are relative to the
    folder of the samples."""
    network: str
    """`module:function`, called where TensorFlow may be imported: gives (Keras model, loss)."""
    epochs: int
    samples: int = 900
    """For training."""
    held_out: int = 200
    groups: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    is_unseen: bool = False
    """No threshold was fitted on it."""
