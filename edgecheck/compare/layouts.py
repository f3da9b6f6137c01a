"""References whose arrays lie in another layout than the candidate's, as the spec states it.

A layout is never guessed. The ports of such a reference are shown in the layout of the candidate, so
that nothing else needs to know; the transpositions go into the job of its session.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edgecheck.compare.binding import bind_reference, pair_outputs, run_shape
from edgecheck.errors import UnusableError, UsageError
from edgecheck.runtime.job import inverse, transposed
from edgecheck.spec.model import Layout, Spec
from edgecheck.tflite.graph import Contract, Port

Axes = tuple[int, ...]


@dataclass(frozen=True)
class Arrangement:
    """The transpositions between the layouts of candidate and reference, as numpy has them."""

    inputs: Mapping[str, Axes] = field(default_factory=dict)
    """Input of the spec -> from what is fed to what the reference takes."""
    outputs: Mapping[str, Axes] = field(default_factory=dict)
    """Output of the reference -> from what it gives to the layout of the candidate."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Output of the candidate -> its name in the reference, where the spec gives it one."""


def arranged(
    reference: Contract, candidate: Contract, spec: Spec, fed: Mapping[str, tuple[int, ...]]
) -> tuple[Contract, Arrangement]:
    """A reference as it looks in the layout of the candidate.

    Args:
        reference: as it is.
        candidate: of the same inputs and outputs.
        spec: states the layouts, where they differ.
        fed: input of the spec -> the shape of one sample.

    Raises:
        UsageError: the spec states a layout for something that has no channels and positions.
        UnusableError: shapes fit in another layout only than the spec states.
    """
    bound = bind_reference(spec.inputs, reference) or {}
    found = Arrangement(
        {
            name: to_layout(wanted, len(port.tensor.shape_signature), f"inputs.{name}")
            for name, port in bound.items()
            if (wanted := _other_layout(spec, name)) is not None
        },
        _output_axes(reference, candidate, spec),
        _stated_names(spec, reference),
    )
    names = {port.name: name for name, port in bound.items()}
    inputs = []
    for port in reference.inputs:
        name = names.get(port.name, port.name)
        shown = _shown(port, inverse(found.inputs.get(name)))
        inputs.append(_fitted(name, port, shown, fed[name]) if name in fed else shown)
    outputs = tuple(_shown(port, found.outputs.get(port.name)) for port in reference.outputs)
    shown_all = replace(reference, inputs=tuple(inputs), outputs=outputs)
    _require_outputs_fit(shown_all, candidate, found)
    return shown_all, found


def to_layout(layout: Layout, rank: int, where: str) -> Axes:
    """The transposition to a layout from the other one.

    Args:
        layout: to transpose to.
        rank: 4, or 3 without the batch axis.
        where: in the spec, for the message.

    Raises:
        UsageError: another rank.
    """
    if rank not in {3, 4}:
        raise UsageError(
            f"`{where}.reference_layout` is {layout}, but the reference has {rank} axes there",
            hint="remove it: only pictures (4 axes with the batch) have such a layout",
        )
    axes = (2, 0, 1) if layout == "NCHW" else (1, 2, 0)
    return axes if rank == 3 else (0, *(axis + 1 for axis in axes))


def _other_layout(spec: Spec, name: str) -> Layout | None:
    entry = spec.inputs[name]
    return None if entry.reference_layout == entry.layout else entry.reference_layout


def _output_axes(reference: Contract, candidate: Contract, spec: Spec) -> dict[str, Axes]:
    """Output of the reference -> its transposition to the candidate's layout."""
    found = {}
    for name, output in spec.outputs.items():
        if output.reference_layout is None:
            continue
        port = _counterpart(output.reference_name or name, name, reference, candidate)
        where = f"outputs.{name}"
        if port is None:
            raise UsageError(
                f"`{where}.reference_layout`: which output of the reference answers it is unclear",
                hint=f"its outputs are {', '.join(port.name for port in reference.outputs)}; "
                f"state `{where}.reference_name`",
            )
        axes = to_layout(output.reference_layout, len(port.tensor.shape_signature), where)
        found[port.name] = inverse(axes) or axes
    return found


def _stated_names(spec: Spec, reference: Contract) -> dict[str, str]:
    """Those that it has: a converter may give new names to what it makes of the reference."""
    known = {port.name for port in reference.outputs}
    stated = {name: output.reference_name for name, output in spec.outputs.items()}
    return {
        name: theirs for name, theirs in stated.items() if theirs is not None and theirs in known
    }


def _counterpart(called: str, name: str, reference: Contract, candidate: Contract) -> Port | None:
    """The output of the reference by what it is called there, else by the candidate's position."""
    by_name = {port.name: port for port in reference.outputs}
    ours = [port.name for port in candidate.outputs]
    if called in by_name or len(ours) != len(reference.outputs) or name not in ours:
        return by_name.get(called)
    return reference.outputs[ours.index(name)]


def _shown(port: Port, axes: Axes | None) -> Port:
    tensor = port.tensor
    moved = replace(
        tensor,
        shape=transposed(tensor.shape, axes),
        shape_signature=transposed(tensor.shape_signature, axes),
    )
    return replace(port, tensor=moved)


def _fitted(name: str, own: Port, shown: Port, fed: tuple[int, ...]) -> Port:
    """An input with its open sizes as they are fed; one that takes other samples stays as it is.

    Raises:
        UnusableError: it takes the samples in another layout only; says what to state, or what to
            take back.
    """
    shape = run_shape(shown.tensor, fed)
    if shape is not None:
        return replace(shown, tensor=replace(shown.tensor, shape_signature=shape))
    key = f"inputs.{name}.reference_layout"
    takes = f"input {own.name!r} of the reference takes {list(own.tensor.shape_signature)}"
    if shown.tensor != own.tensor and run_shape(own.tensor, fed) is not None:
        raise UnusableError(
            f"{takes}, which is the layout of the samples {list(fed)}, but `{key}` says otherwise",
            hint=f"remove `{key}` from the spec",
        )
    for layout in _layouts(own):
        other = _shown(own, inverse(to_layout(layout, len(own.tensor.shape), key)))
        if run_shape(other.tensor, fed) is not None:
            raise UnusableError(
                f"{takes}, the samples are {list(fed)}: they fit only transposed",
                hint=f"if the reference is {layout}, state `{key}: {layout}` in the spec",
            )
    return shown


def _require_outputs_fit(reference: Contract, candidate: Contract, found: Arrangement) -> None:
    """Refuse an output that is answered in another layout only.

    Raises:
        UnusableError: says what to state.
    """
    for pair in pair_outputs(candidate, reference, found.names):
        name = pair.candidate.name
        called = found.names.get(name, name)
        other = None if pair.reference else _counterpart(called, name, reference, candidate)
        if other is None or other.name in found.outputs:
            continue
        for layout in _layouts(other):
            axes = inverse(to_layout(layout, len(other.tensor.shape), name))
            if transposed(other.tensor.shape, axes) == pair.candidate.tensor.shape:
                shape = list(other.tensor.shape_signature)
                key = f"outputs.{name}.reference_layout"
                raise UnusableError(
                    f"output {other.name!r} of the reference is {shape}, the candidate's is "
                    f"{list(pair.candidate.tensor.shape)}: they fit only transposed",
                    hint=f"if the reference is {layout}, state `{key}: {layout}` in the spec",
                )


def _layouts(port: Port) -> tuple[Layout, ...]:
    """Those that an array of so many axes can have."""
    return ("NCHW", "NHWC") if len(port.tensor.shape) in {3, 4} else ()
