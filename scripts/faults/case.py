"""What a base, a deployment, a fault and a control are: the seam between bases and injections.

A **base** is a healthy model with its data, built once for (name, seed) and then only read. A
**deployment** is a private folder with what one command line is given: a spec, a candidate, perhaps
a dump. `deploy(base, folder)` makes a healthy one. A **fault** takes a deployment and gives the
faulted one: it writes new files into the deployment's folder, never into the base, and changes the
spec as plain data. So two faults compose, as long as they touch different things.

How to write a fault (scripts/faults/injected/*.py; each module ends with a tuple `FAULTS`, and
`faults/injected/__init__.py` joins them into `FAULTS`):

    def _unit_range(site: Deployment, rng: Generator) -> Deployment:
        steps = [*site.steps()[:-1], {"rescale": {"scale": 1 / 255}}]
        return site.with_input(steps=steps, range=[0, 1])

    FAULTS = (
        Fault("input-range-mismatch", "input", "unit-for-signed", _unit_range, harm="input",
              touches=frozenset({"spec"}), needs=frozenset({"signed-range"})),
    )

What a fault may use:

* `site.spec`: the whole spec as loaded YAML; paths in it are absolute. `site.changed(...)`.
* `site.base`: `rows()`, `labels()` (held out, as the spec prepares them), `training()` (prepared
  too), `keras` (file), `model("uint8")` (files), `convert(...)` (TensorFlow, in a child).
* `faults.child.tensorflow().call("faults.injected.trained_jobs:retrain", ...)` runs a function of a
  module of yours where TensorFlow may be imported; arguments and answer are JSON, arrays go through
  .npy/.npz files. TensorFlow is never imported in this process, nor is a runtime.
* `faults.running.outputs_of(model, rows)`: what a .tflite gives, in a child with LiteRT.

For `match`, `site.dumped({name: array})` writes what the device would have logged, the first rows of
the dataset in order; give `fed` too, unless the fault is in the outputs only.

A fault that is not harmful on some base is not an error of the benchmark: the runner measures `harm`
and lists the case as benign. `rng` is seeded by base, seed and fault: use nothing else that is random.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import yaml

Array: TypeAlias = npt.NDArray[Any]
Names: TypeAlias = tuple[str, ...]
Untyped: TypeAlias = Any
"""Objects of Keras, TensorFlow and LiteRT, which have no types, and what JSON holds."""
Rows: TypeAlias = Mapping[str, Array]
"""Input or output name -> (n, ...)."""

Trait: TypeAlias = Literal[
    "picture",  # the only input is made from image files
    "colour",  # three channels, and colour decides
    "gray",  # one channel
    "oriented",  # a turned or mirrored picture is another class
    "resized",  # sources are larger than the input, and are resized to it
    "landscape",  # sources are wider than high, so that the fit matters
    "signed-range",  # inputs in [-1, 1]
    "unit-range",  # inputs in [0, 1]
    "raw-range",  # inputs in [0, 255]: the graph scales by itself
    "imagenet-range",  # ImageNet mean and standard deviation
    "batch-norm",
    "convolutions",
    "table",  # a .csv whose columns are standardised
    "array",  # an .npz that is fed as it is, or nearly so
    "audio",  # .wav files
    "two-inputs",  # of one shape
    "classes",  # single-label classification with labels; the output is a softmax
    "real-values",  # a regression with targets
    "boxes",  # a detection-like head: `boxes` in pixels and `scores` in 0..1 in one output
    "vectors",  # an embedding or an autoencoder: no classes
    "tags",  # several sigmoid classes at once
    "recurrent",
]
Format: TypeAlias = Literal["float", "int8", "uint8", "float-io", "dynamic", "float16", "int16x8"]
"""A converted file: `int8` and `uint8` are full-integer with such inputs and outputs, `float-io`
is full-integer with float ones."""

Command: TypeAlias = Literal["validate", "match"]
Harm: TypeAlias = Literal["input", "file", "stated"]
"""How a fault is told from a benign one.

input: the float model agrees >= 0.98 with itself on the faulted and the healthy input.
file: the faulted candidate agrees >= 0.98 with the healthy reference on the healthy input.
stated: the fault changes neither (labels, metadata, what a device can load): never benign.
"""
Part: TypeAlias = Literal["spec", "data", "labels", "candidate", "trained", "dump"]
"""What a fault replaces; two faults of a pair must not replace the same."""


@dataclass(frozen=True)
class Base:
    """A healthy model with its data.

    `folder` holds spec.yaml, data/ and labels (held out), train/ (the training samples, with train.yaml: the same
    spec for them), model.keras, float.tflite, int8.tflite, uint8.tflite, float-io.tflite,
    dynamic.tflite, float16.tflite, int16x8.tflite, rows.npz and training.npz (prepared inputs by
    name, and `labels`), facts.json (how healthy it is).
    """

    name: str
    seed: int
    folder: Path
    fits: frozenset[Trait]
    groups: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Channel groups of a head, along its last axis."""

    @property
    def keras(self) -> Path:
        """The trained model."""
        return self.folder / "model.keras"

    def model(self, form: Format) -> Path:
        """A converted file."""
        return self.folder / f"{form}.tflite"

    def spec(self) -> dict[str, Any]:
        """A fresh copy of the healthy spec, with absolute paths."""
        spec: dict[str, Any] = yaml.safe_load((self.folder / "spec.yaml").read_text())
        return spec

    def rows(self) -> dict[str, Array]:
        """The held-out samples as the healthy spec prepares them: float32 (n, ...) by input."""
        return _arrays(self.folder / "rows.npz")

    def labels(self) -> Array:
        """Of the held-out samples: int64 (n,), float32 (n, k) of real values; empty without."""
        return _labels(self.folder / "rows.npz")

    def training(self) -> dict[str, Array]:
        """The training samples, prepared."""
        return _arrays(self.folder / "training.npz")

    def training_labels(self) -> Array:
        """Of the training samples."""
        return _labels(self.folder / "training.npz")

    def convert(
        self,
        out: Path,
        form: Format,
        representative: Rows | None = None,
        *,
        source: Path | None = None,
        per_channel: bool = True,
    ) -> Path:
        """Convert with TensorFlow, in a child.

        Args:
            out: the file to write.
            form: what to make.
            representative: samples to choose ranges from; the usual training samples when None.
            source: a .keras file; this base's when None.
            per_channel: whether weights get a scale for each channel.
        """
        from faults.conversion import convert

        rows = self.representative() if representative is None else representative
        return convert(source or self.keras, out, form, rows, per_channel=per_channel)

    def representative(self) -> dict[str, Array]:
        """The samples that the base's own files were calibrated on: the first 100 for training."""
        return {name: values[:100] for name, values in self.training().items()}


@dataclass(frozen=True)
class Deployment:
    """What one command line is given. `folder` is private to the case and writable."""

    base: Base
    folder: Path
    spec: dict[str, Any]
    """Written to folder/spec.yaml when the case is run; replace it, do not change it in place."""
    candidate: Path
    options: tuple[str, ...] = ()
    """More of the command line, as ("--reference", "twin")."""
    dump: Path | None = None
    """For `match`: what the device logged."""
    fed: Path | None = None
    """.npz: the real values that the model on the device gets, by input, for `harm="input"`. When
    None the rows that `spec` prepares."""

    @property
    def inputs(self) -> dict[str, Any]:
        """The input sections of the spec."""
        found: dict[str, Any] = self.spec["inputs"]
        return found

    @property
    def only_input(self) -> str:
        """The name of the only input.

        Raises:
            ValueError: there are several.
        """
        (name,) = self.inputs
        return str(name)

    def changed(self, section: str, **values: object) -> "Deployment":
        """With other values in a section of the spec; None takes a key out."""
        merged = {**self.spec.get(section, {}), **values}
        kept = {key: value for key, value in merged.items() if value is not None}
        return replace(self, spec={**self.spec, section: kept})

    def with_input(self, name: str | None = None, **values: object) -> "Deployment":
        """With other values in the section of an input; None takes a key out."""
        name = self.only_input if name is None else name
        merged = {**self.inputs[name], **values}
        kept = {key: value for key, value in merged.items() if value is not None}
        return self.changed("inputs", **{name: kept})

    @property
    def reference(self) -> Path:
        """What the spec names: a .tflite or .keras file; the base's float file where it is silent."""
        stated = self.spec["model"].get("reference")
        return Path(stated) if stated else self.base.model("float")

    def dumped(self, logged: Rows, fed: Rows | None = None) -> "Deployment":
        """With a dump (.npz by tensor name), and the real values (n, ...) that the model got."""
        dump = self.folder / "dump.npz"
        np.savez(dump, **logged)
        if fed is None:
            return replace(self, dump=dump)
        path = self.folder / "fed.npz"
        np.savez(path, **fed)
        return replace(self, dump=dump, fed=path)

    def steps(self, name: str | None = None) -> list[Any]:
        """A copy of the steps of an input."""
        return list(self.inputs[self.only_input if name is None else name].get("steps", []))


Inject: TypeAlias = Callable[[Deployment, np.random.Generator], Deployment]


@dataclass(frozen=True)
class Fault:
    """One way to break a deployment, with the answer that is right."""

    name: str
    """The rule that must be named."""
    area: str
    """Of the catalogue: input, quantization, runtime, training, file, dataset, output, device."""
    variant: str
    """Kebab-case; with the name it is unique."""
    inject: Inject
    harm: Harm
    touches: frozenset[Part]
    needs: frozenset[Trait] = frozenset()
    """Traits that a base must have, all of them."""
    without: frozenset[Trait] = frozenset()
    """Traits that it must not have."""
    command: Command = "validate"
    also_right: tuple[str, ...] = ()
    """Other names for the same fault, only where the design says so."""
    reason: str = ""
    """Why `also_right` names the same fault, or why `harm` is stated."""
    is_note: bool = False
    """The rule is less than an error by design, and nothing else is wrong: right is the finding
    itself, and no cause but it."""
    stops: bool = False
    """With it nothing can be loaded or run, so that nothing else shows: no half of a pair."""

    @property
    def key(self) -> str:
        """Unique among faults."""
        return f"{self.name}.{self.variant}"

    @property
    def expected(self) -> Names:
        """Acceptable names."""
        return (self.name, *self.also_right)

    def applies_to(self, fits: frozenset[Trait]) -> bool:
        """Whether it can be injected into a base with these traits."""
        return self.needs <= fits and not self.without & fits


@dataclass(frozen=True)
class Control:
    """A healthy deployment that a hasty rule would call broken, or a plain one. Expected: no name."""

    variant: str
    make: Inject
    needs: frozenset[Trait] = frozenset()
    without: frozenset[Trait] = frozenset()
    command: Command = "validate"
    must_agree: float = 0.95
    """It is a control only where candidate and reference agree so far; else it is left out, and
    listed."""

    def applies_to(self, fits: frozenset[Trait]) -> bool:
        """Whether it can be made from a base with these traits."""
        return self.needs <= fits and not self.without & fits


def deploy(base: Base, folder: Path) -> Deployment:
    """The healthy deployment: the int8 file beside the float .tflite as reference."""
    folder.mkdir(parents=True, exist_ok=True)
    return Deployment(base, folder, base.spec(), base.model("int8"))


def _arrays(path: Path) -> dict[str, Array]:
    with np.load(path) as found:
        return {name: found[name] for name in found.files if name != "labels"}


def _labels(path: Path) -> Array:
    with np.load(path) as found:
        labels: Array = found["labels"]
        return labels
