"""Healthy deployments: every format against every reference, and the traps that hasty rules fall for.

What is expected of each is: no error, and no cause.
"""

from dataclasses import replace
from typing import Final, get_args

import numpy as np

from faults.case import Array, Control, Deployment, Format, Inject, Trait
from faults.child import tensorflow
from faults.conversion import convert
from faults.running import codings_of, outputs_of
from faults.samples import pictures_of, stored_arrays, with_arrays, with_samples

_REFERENCES: Final = ("float", "keras", "twin", "none")
_DUMPED = 16


def plain(seed: int) -> tuple[Control, ...]:
    """Every format, each beside one reference: four seeds in a row go through all pairs."""
    return tuple(
        Control(f"plain.{form}.{reference}", _plain(form, reference))
        for number, form in enumerate(get_args(Format))
        for reference in [_REFERENCES[(number + seed) % len(_REFERENCES)]]
    )


def _plain(form: Format, reference: str) -> Inject:
    def make(site: Deployment, _rng: np.random.Generator) -> Deployment:
        stated = {"float": site.base.model("float"), "keras": site.base.keras}.get(reference)
        return replace(
            site,
            candidate=site.base.model(form),
            options=("--reference", str(stated or reference)),
        )

    return make


# ---- calibration that looks worse than it is --------------------------------------------------


def _recalibrated(site: Deployment, rows: dict[str, Array]) -> Deployment:
    return replace(site, candidate=site.base.convert(site.folder / "int8.tflite", "int8", rows))


def _one_sample(site: Deployment, rng: np.random.Generator) -> Deployment:
    training = site.base.training()
    place = int(rng.integers(len(next(iter(training.values())))))
    return _recalibrated(site, {name: v[place : place + 1] for name, v in training.items()})


def _one_class(site: Deployment, rng: np.random.Generator) -> Deployment:
    classes = site.base.training_labels()
    is_it = classes == rng.choice(classes)
    return _recalibrated(site, {n: v[is_it][:100] for n, v in site.base.training().items()})


def _noise(site: Deployment, rng: np.random.Generator) -> Deployment:
    """Normal noise of the mean and spread of the samples."""
    training = site.base.training()
    rows = {n: rng.normal(v.mean(), v.std(), (100, *v.shape[1:])) for n, v in training.items()}
    return _recalibrated(site, {name: v.astype(np.float32) for name, v in rows.items()})


def _bgr(site: Deployment, _rng: np.random.Generator) -> Deployment:
    rows = site.base.representative()
    return _recalibrated(site, {name: v[..., ::-1] for name, v in rows.items()})


# ---- data that look odd -----------------------------------------------------------------------


def _single_class(site: Deployment, rng: np.random.Generator) -> Deployment:
    labels = site.base.labels()
    return with_samples(site, np.flatnonzero(labels == rng.choice(labels)).tolist())


def _imbalanced(site: Deployment, rng: np.random.Generator) -> Deployment:
    """Nine of ten samples are of one class."""
    labels = site.base.labels()
    is_it = labels == rng.choice(labels)
    many = np.flatnonzero(is_it)
    few = rng.choice(np.flatnonzero(~is_it), max(1, len(many) // 9), replace=False)
    return with_samples(site, sorted([*many.tolist(), *few.tolist()]))


def _few_samples(site: Deployment, rng: np.random.Generator) -> Deployment:
    count = len(site.base.labels())
    return with_samples(site, sorted(rng.choice(count, 24, replace=False).tolist()))


def _gray_in_rgb(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """The gray pictures, stored with three equal channels."""
    from PIL import Image

    made = with_samples(site, range(len(pictures_of(site))))
    for path in sorted((made.folder / "data" / "images").iterdir()):
        with Image.open(path) as picture:
            picture.convert("RGB").save(path)
    return made


# ---- models that look odd ---------------------------------------------------------------------


def _retouched(site: Deployment, function: str, **arguments: object) -> Deployment:
    """With a changed trained model: its float file as reference, its int8 file as candidate."""
    trained = site.folder / "model.keras"
    call = tensorflow().call
    call(f"faults.retouch:{function}", source=site.base.keras, out=trained, **arguments)
    base, folder = site.base, site.folder
    reference = base.convert(folder / "float.tflite", "float", source=trained)
    candidate = base.convert(folder / "int8.tflite", "int8", source=trained)
    return replace(site, candidate=candidate).changed("model", reference=str(reference))


def _confident(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """A softmax so sharp that many rows of codes are equal."""
    return _retouched(site, "scale_last", factor=12.0)


def _dead_units(site: Deployment, _rng: np.random.Generator) -> Deployment:
    training = site.base.folder / "training.npz"
    return _retouched(site, "kill_units", training=training, share=0.3)


def _small_outputs(site: Deployment, _rng: np.random.Generator) -> Deployment:
    """A regression in another unit: all values are a thousandth."""
    made = _retouched(site, "scale_last", factor=1e-3)
    arrays = stored_arrays(site)
    return with_arrays(made, {**arrays, "y": arrays["y"] * np.float32(1e-3)})


def _open_batch(site: Deployment, _rng: np.random.Generator) -> Deployment:
    base, out = site.base, site.folder / "int8.tflite"
    convert(base.keras, out, "int8", base.representative(), batch=None)
    return replace(site, candidate=out)


# ---- dumps of devices that do the right thing -------------------------------------------------


def _codes(site: Deployment, *, truncates: bool) -> dict[str, Array]:
    """The int8 inputs of the first samples, as firmware computes them."""
    (coding,) = codings_of(site.candidate)[0].values()
    ((name, rows),) = site.base.rows().items()
    steps = rows[:_DUMPED] / np.float32(coding.scale)
    codes = np.trunc(steps) if truncates else np.rint(steps)
    return {name: np.clip(codes + coding.zero_point, -128, 127).astype(np.int8)}


def _right_codes(site: Deployment, _rng: np.random.Generator) -> Deployment:
    return site.dumped(_codes(site, truncates=False))


def _truncated_codes(site: Deployment, _rng: np.random.Generator) -> Deployment:
    return site.dumped(_codes(site, truncates=True))


def _right_values(site: Deployment, _rng: np.random.Generator) -> Deployment:
    return site.dumped({name: v[:_DUMPED] for name, v in site.base.rows().items()})


def _right_outputs(site: Deployment, _rng: np.random.Generator) -> Deployment:
    rows = {name: v[:_DUMPED] for name, v in site.base.rows().items()}
    return site.dumped(outputs_of(site.candidate, rows))


_CLASSES: Final[frozenset[Trait]] = frozenset({"classes"})
_ONE_INPUT: Final[frozenset[Trait]] = frozenset({"two-inputs"})
TRAPS: Final = (
    Control("one-sample-calibration", _one_sample),
    Control("one-class-calibration", _one_class, needs=_CLASSES),
    Control("noise-calibration", _noise),
    Control("bgr-calibration", _bgr, needs=frozenset({"colour"})),
    Control("single-class-data", _single_class, needs=_CLASSES),
    Control("imbalanced-data", _imbalanced, needs=_CLASSES),
    Control("few-samples", _few_samples),
    Control("gray-in-rgb", _gray_in_rgb, needs=frozenset({"picture", "gray"})),
    Control("confident-softmax", _confident, needs=_CLASSES),
    Control("dead-units", _dead_units, needs=_CLASSES, without=frozenset({"recurrent"})),
    Control("small-outputs", _small_outputs, needs=frozenset({"real-values"})),
    Control("open-batch", _open_batch, without=frozenset({"recurrent"})),
    Control("dump-of-codes", _right_codes, without=_ONE_INPUT, command="match"),
    Control("dump-truncated", _truncated_codes, without=_ONE_INPUT, command="match"),
    Control("dump-of-values", _right_values, command="match"),
    Control("dump-of-outputs", _right_outputs, command="match"),
)
