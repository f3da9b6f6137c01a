"""A base on disk, trained once and kept: only a healthy one is given out."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np

from faults.agreement import accuracy, agreement
from faults.bases.gray import RECIPES as GRAY
from faults.bases.numbers import RECIPES as NUMBERS
from faults.bases.recipe import Recipe
from faults.bases.signs import RECIPES as SIGNS
from faults.bases.sounds import RECIPES as SOUNDS
from faults.case import Array, Base, Format
from faults.child import tensorflow
from faults.conversion import convert
from faults.prepare import prepared, write_spec
from faults.running import outputs_of

RECIPES: Final[Mapping[str, Recipe]] = {
    recipe.name: recipe for recipe in (*SIGNS, *GRAY, *SOUNDS, *NUMBERS)
}
ACCURATE = 0.9
"""The float model must be so accurate on held-out samples (R2 for real values)."""
FAITHFUL = 0.97
"""The int8 file must agree so far with the float one."""
_ATTEMPTS = 4


class Unhealthy(RuntimeError):
    """No attempt gave a healthy model."""


def base_of(name: str, seed: int, cache: Path) -> Base:
    """The base, from the cache or made anew.

    Args:
        name: of a recipe.
        seed: of data and weights.
        cache: folder that keeps bases.

    Raises:
        Unhealthy: training failed several times.
        ChildFailed: TensorFlow or LiteRT did.
    """
    recipe = RECIPES[name]
    folder = cache / "bases" / f"{name}-{seed}-{_digest()}"
    base = Base(name, seed, folder, recipe.fits, recipe.groups)
    for attempt in range(_ATTEMPTS):
        if (folder / "facts.json").exists():
            return base
        shutil.rmtree(folder, ignore_errors=True)
        facts = _make(base, recipe, attempt)
        if facts["accuracy"] >= ACCURATE and facts["agreement"]["int8"] >= FAITHFUL:
            (folder / "facts.json").write_text(json.dumps(facts, indent=1))
        else:
            print(f"{name}-{seed}: attempt {attempt} is not healthy: {facts}", flush=True)
    if (folder / "facts.json").exists():
        return base
    raise Unhealthy(f"{name}, seed {seed}: {_ATTEMPTS} attempts, none healthy")


def _digest() -> str:
    """Of the sources of bases: another recipe makes other files."""
    here = Path(__file__).parent
    sources = [*sorted(here.glob("*.py")), here.parent / "conversion.py"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]


def _make(base: Base, recipe: Recipe, attempt: int) -> dict[str, Any]:
    """Write everything, and say how healthy it is."""
    folder = base.folder
    folder.mkdir(parents=True)
    rng = np.random.default_rng([base.seed, attempt, *recipe.name.encode()])
    truths = {
        "train": recipe.write(folder / "train", rng, recipe.samples),
        "data": recipe.write(folder / "data", rng, recipe.held_out),
    }
    spec = recipe.spec(folder / "train")
    spec["model"]["reference"] = str(base.model("float"))
    write_spec(folder / "train.yaml", _placed(spec, folder / "train"))
    write_spec(folder / "spec.yaml", _placed(spec, folder / "data"))
    rows, held = prepared(folder / "train.yaml"), prepared(folder / "spec.yaml")
    np.savez(folder / "training.npz", **rows, labels=truths["train"])
    np.savez(folder / "rows.npz", **held, labels=truths["data"])
    tensorflow().call(
        "faults.bases.training:train",
        network=recipe.network,
        training=folder / "training.npz",
        out=base.keras,
        seed=1000 * base.seed + attempt,
        epochs=recipe.epochs,
    )
    for form in get_args(Format):
        convert(base.keras, base.model(form), form, {n: v[:100] for n, v in rows.items()})
    return {"attempt": attempt, **_health(base, held, truths["data"])}


def _placed(spec: dict[str, Any], folder: Path) -> dict[str, Any]:
    """With the dataset's files in a folder."""
    section = dict(spec["dataset"])
    section["path"] = str(folder / section["path"])
    if str(section.get("labels", "")).endswith(".csv"):
        section["labels"] = str(folder / section["labels"])
    return {**spec, "dataset": section}


def _health(base: Base, rows: dict[str, Array], truth: Array) -> dict[str, Any]:
    """Accuracy of the float file, and the agreement of every other with it."""
    expected = outputs_of(base.model("float"), rows)
    others = [form for form in get_args(Format) if form != "float"]
    agreements = {
        form: round(agreement(base, expected, outputs_of(base.model(form), rows)), 4)
        for form in others
    }
    return {"accuracy": round(accuracy(base, truth, expected), 4), "agreement": agreements}
