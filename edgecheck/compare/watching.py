"""Which outputs are followed, and as what: the task and the spec's `outputs` decide."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgecheck.compare.binding import OutputPair
from edgecheck.compare.outputs import ClassRule, NumberRule
from edgecheck.compare.page import along
from edgecheck.compare.statistics import Kind
from edgecheck.errors import UsageError
from edgecheck.metrics.overlap import MAX_CLASSES
from edgecheck.spec.model import OutputSpec, Spec
from edgecheck.tensors import NUMPY_DTYPES, Array
from edgecheck.tflite.contract import is_quantized
from edgecheck.tflite.graph import Contract, Model, Tensor

_POSTPROCESS = "TFLite_Detection_PostProcess"
_SCORES = 2
_MOST_NUMBERED = 4096
_PLAIN = OutputSpec()


@dataclass(frozen=True)
class Group:
    """Channels [first, end) of an output."""

    name: str
    first: int
    end: int


@dataclass(frozen=True)
class WatchedOutput:
    """One output to follow: its name on each side, and one LSB of the candidate's."""

    candidate: str
    reference: str | None
    scale: float | None
    rule: ClassRule | None
    is_primary: bool
    kind: Kind = "raw"
    group: Group | None = None
    axis: int = -1
    """That classes, groups and channels run along; the batch axis is counted."""
    source: str | None = None
    """Name of the input that a reconstruction is held against."""
    step: float | None = None
    has_channels: bool = False

    @property
    def name(self) -> str:
        """As reports show it: `output` or `output/group`."""
        return self.candidate + self._suffix

    @property
    def reference_name(self) -> str:
        """The same for the reference; empty without one."""
        return "" if self.reference is None else self.reference + self._suffix

    @property
    def _suffix(self) -> str:
        return "" if self.group is None else f"/{self.group.name}"

    @property
    def holds_numbers(self) -> bool:
        """Whether values are class numbers, which have no distance from each other."""
        return isinstance(self.rule, NumberRule)

    @property
    def names_classes(self) -> bool:
        """Whether each sample gets one class by this output."""
        return self.rule is not None and self.kind != "pixels"

    def take(self, values: Array) -> Array:
        """The part of (n, ...) that is followed, in the order in which it is compared."""
        if self.kind == "scores":
            return -np.sort(-values, axis=-1)
        if self.group is None:
            return values
        inside = along(values, self.axis)[..., self.group.first : self.group.end]
        return np.moveaxis(inside, -1, self.axis if self.axis < 0 else self.axis + 1)


def watched(
    spec: Spec, pairs: Sequence[OutputPair], model: Model, contract: Contract
) -> tuple[WatchedOutput, ...]:
    """Everything to follow, in the order of the outputs; groups after each other."""
    scores = postprocessed_scores(model, contract)
    if scores is not None:
        pairs = [pair for pair in pairs if pair.candidate.tensor.index == scores]
    primary = primary_of(spec, [pair.candidate.name for pair in pairs])
    plans = (_plan(spec, pair, model, primary, len(pairs)) for pair in pairs)
    if scores is not None:
        return tuple(replace(plan, kind="scores", has_channels=False) for plan in plans)
    return tuple(part for plan in plans for part in _parts(spec, plan))


def primary_of(spec: Spec, names: Sequence[str]) -> str:
    """The output that labels and headline are about; empty if there is none.

    The one that the spec calls primary, else one with an activation that gives probabilities,
    else the first.
    """
    declared = [name for name in names if spec.outputs.get(name, _PLAIN).primary]
    probable = [name for name in names if _gives_probabilities(spec, name)]
    return next(iter([*declared, *probable, *names]), "")


def postprocessed_scores(model: Model, contract: Contract) -> int | None:
    """Tensor of the scores that TFLite_Detection_PostProcess gives; None without that operator.

    Its outputs are boxes, classes, scores and their number: equal detections may come in another
    order, and classes and boxes are no values to subtract.
    """
    outputs = {port.tensor.index for port in contract.outputs}
    for operator in model.subgraphs[contract.subgraph].operators:
        found = operator.outputs
        if operator.name == _POSTPROCESS and len(found) > _SCORES and found[_SCORES] in outputs:
            return found[_SCORES]
    return None


def require_group_fits(output: WatchedOutput, shape: Sequence[int]) -> None:
    """Refuse a group or an axis that the output, of this shape with batch, does not have.

    Raises:
        UsageError: the spec names what is not there.
    """
    if output.group is None and output.axis == -1:
        return
    axis = output.axis + len(shape) if output.axis < 0 else output.axis
    where = f"outputs.{output.candidate}"
    if not 0 < axis < len(shape):
        raise UsageError(
            f"{where}.axis: {output.axis}, the output has shape {list(shape)}",
            hint="Give an axis behind the batch axis, which is 0; -1 is the last.",
        )
    if output.group is not None and output.group.end > shape[axis]:
        group = output.group
        raise UsageError(
            f"{where}.groups.{group.name}: [{group.first}, {group.end}] goes beyond the "
            f"{shape[axis]} channels of axis {output.axis}, the output has shape {list(shape)}",
            hint="Give [first, end) inside it, or another `axis`.",
        )


def _plan(spec: Spec, pair: OutputPair, model: Model, primary: str, count: int) -> WatchedOutput:
    """The whole output."""
    name, tensor = pair.candidate.name, pair.candidate.tensor
    own = spec.outputs.get(name, _PLAIN)
    is_decisive = name == primary or count == 1
    kind = _kind(spec, name, is_decisive=is_decisive)
    source = _source(spec, tensor, model) if kind == "reconstruction" else None
    if kind == "reconstruction" and source is None:
        kind = "raw"
    has_channels = spec.model.task == "detection"
    return WatchedOutput(
        candidate=name,
        reference=None if pair.reference is None else pair.reference.name,
        scale=_scale(tensor),
        rule=_rule(kind, own, tensor),
        is_primary=name == primary,
        kind=kind,
        axis=_channel_axis(tensor) if has_channels and not own.groups else own.axis,
        source=source,
        step=_scale(tensor) or _scale_before(tensor, model),
        has_channels=has_channels,
    )


def _rule(kind: Kind, own: OutputSpec, tensor: Tensor) -> ClassRule | None:
    """How the output names classes, if it does."""
    if kind not in {"classes", "pixels"}:
        return None
    if not holds_class_numbers(tensor, kind):
        return ClassRule(_threshold(own))
    return NumberRule(_threshold(own), most=MAX_CLASSES if kind == "pixels" else _MOST_NUMBERED)


def holds_class_numbers(tensor: Tensor, kind: Kind) -> bool:
    """Whether values are numbers of classes: whole numbers without a scale, one for each answer."""
    is_whole = NUMPY_DTYPES[tensor.dtype].kind in "iu" and not is_quantized(tensor)
    return is_whole and (kind == "pixels" or math.prod(tensor.shape) == 1)


def _parts(spec: Spec, plan: WatchedOutput) -> Iterator[WatchedOutput]:
    """The groups of an output; the whole one where it has none, or names a class with all."""
    groups = spec.outputs.get(plan.candidate, _PLAIN).groups or {}
    if not groups or plan.kind == "classes":
        yield plan
    for name, (first, end) in groups.items():
        yield replace(
            plan, group=Group(name, first, end), kind="raw", rule=None, source=None,
            has_channels=True,
        )  # fmt: skip


def _kind(spec: Spec, name: str, *, is_decisive: bool) -> Kind:
    task = spec.model.task
    if task == "classification":
        return "classes" if is_decisive or _gives_probabilities(spec, name) else "raw"
    if task == "segmentation":
        return "pixels" if is_decisive else "raw"
    kinds: dict[str, Kind] = {
        "regression": "values", "autoencoder": "reconstruction", "embedding": "vectors",
    }  # fmt: skip
    return kinds.get(task, "raw")


def _gives_probabilities(spec: Spec, name: str) -> bool:
    return spec.outputs.get(name, _PLAIN).activation in {"softmax", "sigmoid"}


def _source(spec: Spec, tensor: Tensor, model: Model) -> str | None:
    """The input with as many elements as the output, if exactly one has."""
    if len(spec.inputs) == 1:
        return next(iter(spec.inputs))
    inputs = {model.subgraphs[0].tensors[index].name: index for index in model.subgraphs[0].inputs}
    sizes = {name: math.prod(entry.shape) for name, entry in spec.inputs.items() if entry.shape}
    for name in spec.inputs.keys() & inputs.keys():
        sizes.setdefault(name, math.prod(model.subgraphs[0].tensors[inputs[name]].shape))
    fitting = [name for name, size in sizes.items() if size == math.prod(tensor.shape)]
    return fitting[0] if len(fitting) == 1 else None


def _scale(tensor: Tensor) -> float | None:
    params = tensor.quantization
    return max(params.scales) if params is not None and is_quantized(tensor) else None


def _scale_before(tensor: Tensor, model: Model) -> float | None:
    """The scale of the codes that a DEQUANTIZE turned into this tensor."""
    for graph in model.subgraphs:
        if tensor.index >= len(graph.tensors) or graph.tensors[tensor.index] != tensor:
            continue
        for operator in graph.operators:
            if operator.name == "DEQUANTIZE" and tensor.index in operator.outputs:
                return _scale(graph.tensors[operator.inputs[0]])
    return None


def _channel_axis(tensor: Tensor) -> int:
    """The smaller of the last two axes of (batch, a, b), which detectors order either way."""
    shape = tensor.shape
    return -2 if len(shape) == 3 and shape[-2] < shape[-1] else -1


def _threshold(output: OutputSpec) -> float:
    """Where a single value turns from class 0 to class 1: the middle, of logits 0."""
    if output.threshold is not None:
        return output.threshold
    return 0.0 if output.activation == "none" else 0.5
