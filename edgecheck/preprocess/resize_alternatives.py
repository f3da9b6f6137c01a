"""Other ways to turn, fit and resize the same pictures, which give samples of the same shape."""

from collections.abc import Iterator, Mapping

from edgecheck.preprocess.alternatives import Alternative, Kind, changed_steps
from edgecheck.preprocess.pixel_lines import spelt_out
from edgecheck.spec.image_steps import LIBRARIES, ONLY_WITH, Decode, Resize
from edgecheck.spec.model import InputSpec
from edgecheck.spec.step_part import StepPart

Kernel = tuple[str, str, bool]
"""(implementation, method, antialias) of a resize."""

KERNELS: tuple[Kernel, ...] = (
    ("tensorflow", "bilinear", False),
    ("tensorflow", "nearest", False),
    ("tensorflow", "area", False),
    ("tensorflow", "bicubic", False),
    ("tensorflow", "bilinear", True),
    ("pillow", "bilinear", True),
    ("pillow", "nearest", False),
    ("pillow", "area", False),
    ("pillow", "bicubic", True),
    ("opencv", "bilinear", False),
    ("opencv", "nearest", False),
    ("opencv", "area", False),
    ("opencv", "bicubic", False),
)
"""Those that training code and apps commonly use."""

_FITS: tuple[tuple[str, Mapping[str, object], str], ...] = (
    ("stretch", {}, "stretched"),
    ("letterbox", {"pad_value": 0.0}, "in a black letterbox"),
    ("letterbox", {"pad_value": 114.0}, "in a gray letterbox"),
    ("letterbox", {"pad_value": 128.0}, "in a middle gray letterbox"),
    ("center-crop", {}, "cropped at the centre"),
    ("crop-padding", {}, "cropped with a margin"),
)
"""(fit, its settings, what it does to pictures). Black is TensorFlow's `resize_with_pad`, 114 is of
YOLOv5 and later, 128 of those before."""


def resize_alternatives(spec: InputSpec) -> list[Alternative]:
    """Specs that differ in how the first `resize` averages or fits, or in what EXIF tags do.

    Returns:
        First the kernels, those of the spec's own library before the others; then the fits, with
        the spec's kernel; then the EXIF tag. A kernel's key is that of every library that has it,
        as `resize-bilinear-antialias`. Empty where the steps neither resize nor decode pictures.
    """
    return [*_kernels(spec), *_fits(spec), *_exif(spec)]


def _kernels(spec: InputSpec) -> Iterator[Alternative]:
    step = _resize_of(spec)
    if step is None:
        return
    for kernel in sorted(KERNELS, key=lambda kernel: kernel[0] != step.implementation):
        implementation, method, antialias = kernel
        if kernel == (step.implementation, step.method, step.antialias):
            continue
        fields = {"implementation": implementation, "method": method, "antialias": antialias}
        words = f"pictures resized by {LIBRARIES[implementation]}, {method}"
        words += " with antialias" * antialias
        key = f"resize-{method}{'-antialias' * antialias}"
        yield _replaced(spec, step, _with(step, fields), ("resize", words, key))


def _fits(spec: InputSpec) -> Iterator[Alternative]:
    step = _resize_of(spec)
    if step is None or isinstance(step.size, int):
        return
    is_square = step.size[0] == step.size[1]
    pads = step.pad_value if isinstance(step.pad_value, tuple) else (step.pad_value,)
    for fit, settings, words in _FITS:
        is_other = fit != step.fit or any(settings.get("pad_value", pad) != pad for pad in pads)
        if is_other and (is_square or fit != "crop-padding"):
            other = _with(step, {"fit": fit, **settings})
            key = f"fit-{words.replace(' ', '-')}" if fit == "letterbox" else f"fit-{fit}"
            yield _replaced(spec, step, other, ("fit", f"pictures {words}", key))


def _exif(spec: InputSpec) -> Iterator[Alternative]:
    step = spec.steps[0] if spec.steps else None
    if isinstance(step, Decode):
        is_applied = step.exif == "apply"
        other = step.model_copy(update={"exif": "ignore" if is_applied else "apply"})
        words = "as they are stored" if is_applied else "turned as their EXIF tag says"
        yield _replaced(spec, step, other, ("orientation", f"pictures {words}", "exif"))


def _resize_of(spec: InputSpec) -> Resize | None:
    """The first resize, also of a preset."""
    return next((step for step in spelt_out(spec.steps) if isinstance(step, Resize)), None)


def _with(step: Resize, changes: Mapping[str, object]) -> Resize:
    """A resize with other fields; settings of a fit that it has no more are left out."""
    fields = {name: getattr(step, name) for name in step.model_fields_set} | dict(changes)
    fit = fields.get("fit", step.fit)
    return Resize.model_validate(
        {name: value for name, value in fields.items() if ONLY_WITH.get(name, fit) == fit}
    )


def _replaced(
    spec: InputSpec, old: StepPart, new: StepPart, told: tuple[Kind, str, str]
) -> Alternative:
    """The spec with one step replaced, and (kind, words, key) of the change."""
    kind, words, key = told
    steps = tuple(new if step is old else step for step in _unfolded(spec, old))
    changed = spec.model_copy(update={"steps": steps})
    return changed_steps(kind, words, spec, changed, key), changed


def _unfolded(spec: InputSpec, step: StepPart) -> tuple[StepPart, ...]:
    """The steps of a spec; with presets unfolded where `step` is inside of one."""
    return spec.steps if any(each is step for each in spec.steps) else spelt_out(spec.steps)
