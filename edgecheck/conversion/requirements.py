"""What a trained model must be before a converter sees it.

For child processes only.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from edgecheck.conversion.unconvertible import Unconvertible
from edgecheck.runtime.trained.saved_model import takes_ragged
from edgecheck.tflite.names import printable

Tf: TypeAlias = Any
"""What TensorFlow gives: it has no type information that mypy can use."""
_MOST_NAMED: Final = 4
_LENGTH: Final = 60
_NO_NUMBERS: Final = frozenset({"string", "resource", "variant", "complex64", "complex128"})


def require_finite(weights: Mapping[str, Tf]) -> None:
    """Refuse weights that training has ruined.

    Raises:
        Unconvertible: NaN or infinite values, with the names of the weights.
    """
    bad = []
    for name, weight in weights.items():
        values = np.asarray(weight) if weight.dtype not in ("resource", "string") else np.zeros(1)
        if values.dtype.kind not in "biu":
            count = int((~np.isfinite(values.astype(np.float64))).sum())
            bad += [f"{name} ({count} of {values.size} values)"] if count else []
    if bad:
        raise Unconvertible(
            f"weights of the trained model are NaN or infinite: {_listed(bad)}",
            "training diverged: take an earlier checkpoint, lower the learning rate or clip "
            "gradients (edgecheck explain nan-or-inf-weights)",
        )


def require_inference(in_training: Iterable[str]) -> None:
    """Refuse a model of which parts are wired to training mode.

    Args:
        in_training: those parts, as they are shown.

    Raises:
        Unconvertible: there are some.
    """
    found = list(dict.fromkeys(in_training))
    if found:
        raise Unconvertible(
            "train-mode-export: the model is wired to training mode (training=True) in "
            f"{_listed(found)}",
            "build the model so that these layers follow the training argument (call them without "
            "training=True), load the weights and save it anew "
            "(edgecheck explain train-mode-export)",
        )


def require_numbers(dtypes: Mapping[str, str]) -> None:
    """Refuse inputs of strings and the like.

    Args:
        dtypes: input -> its dtype, as TensorFlow names it.

    Raises:
        Unconvertible: one of them that the steps of a spec cannot give.
    """
    for name, dtype in dtypes.items():
        if dtype in _NO_NUMBERS:
            raise Unconvertible(
                f"input {name!r} of the source takes values of the dtype {dtype}, the steps of a "
                "spec give real numbers",
                "export a signature that takes the decoded array, and let the steps of the spec "
                "decode",
            )


def require_dense(folder: Path, names: Sequence[str]) -> None:
    """Refuse ragged inputs: a SavedModel takes each apart into values and ends of rows.

    Raises:
        Unconvertible: with the inputs that are parts.
    """
    whole = [name for name in names if f"{name}_1" in names]
    if whole and takes_ragged(folder):
        raise Unconvertible(
            f"input {whole[0]!r} of the source is ragged: it takes rows of different lengths, as "
            f"values and the ends of rows ({_listed(sorted(names))}), which no step gives",
            "export a signature that takes a dense tensor of a fixed size, and let the steps of "
            "the spec pad",
        )


def loop_in(graph: Tf) -> str:
    """The name of a loop in a GraphDef or what it calls; empty where there is none."""
    nodes = [*graph.node, *(node for each in graph.library.function for node in each.node_def)]
    loops = [node.name for node in nodes if node.op in {"While", "StatelessWhile"}]
    return printable(loops[0]) if loops else ""


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(printable(name)[:_LENGTH] for name in names[:_MOST_NAMED]) + more
