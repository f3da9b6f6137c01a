"""Which port of a model takes which input of the spec, and which outputs answer each other.

Inputs are bound by name; a position is never trusted, except where there is only one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from edgecheck.spec.model import InputSpec
from edgecheck.tensors import REAL_DTYPES
from edgecheck.tflite.graph import Contract, Port, Tensor


@dataclass(frozen=True)
class OutputPair:
    """One output of the candidate and what answers it in the reference, if anything does."""

    candidate: Port
    reference: Port | None


def bind_inputs(names: Sequence[str], contract: Contract) -> Mapping[str, Port] | None:
    """Spec input name -> port; None where names or numbers do not match.

    A name is the signature's argument or the tensor's name; a single input may have any name.
    """
    if len(names) != len(contract.inputs):
        return None
    if len(names) == 1:
        return {names[0]: contract.inputs[0]}
    known = {port.tensor.name: port for port in contract.inputs}
    known |= {port.name: port for port in contract.inputs}
    bound = {name: known[name] for name in names if name in known}
    distinct = {port.tensor.index for port in bound.values()}
    return bound if len(distinct) == len(names) else None


def bind_reference(
    inputs: Mapping[str, InputSpec], contract: Contract
) -> Mapping[str, Port] | None:
    """Spec input name -> port of a reference, as `bind_inputs`, by the names that the spec gives it."""
    called = {name: section.reference_name or name for name, section in inputs.items()}
    bound = bind_inputs(list(called.values()), contract)
    return None if bound is None else {name: bound[theirs] for name, theirs in called.items()}


def run_shape(tensor: Tensor, sample_shape: Sequence[int] | None) -> tuple[int, ...] | None:
    """The shape to run an input with, so that one run takes one sample; None if it cannot.

    Args:
        tensor: the input tensor.
        sample_shape: as training saw it, without batch; None takes the model's own.
    """
    stored = tensor.shape_signature
    if sample_shape is None:
        shape = tuple(1 if size == -1 else size for size in stored)
        return shape if shape[:1] == (1,) or not shape else None
    for wanted in ((1, *sample_shape), tuple(sample_shape)):
        if len(wanted) == len(stored) and all(
            have in (-1, want) for have, want in zip(stored, wanted, strict=True)
        ):
            return wanted
    return None


def sample_shape_of(shape: Sequence[int], sample_shape: Sequence[int] | None) -> tuple[int, ...]:
    """The shape of one row of feeds for an input that runs with `shape`."""
    return tuple(sample_shape) if sample_shape is not None else tuple(shape[1:])


def pair_outputs(
    candidate: Contract,
    reference: Contract | None,
    stated: Mapping[str, str] = MappingProxyType({}),
) -> tuple[OutputPair, ...]:
    """Every readable output of the candidate with the reference's output of the same meaning.

    By name where both sides have the name and its shape; the others by position where the shapes
    of all their positions agree, else by shape where it is unique. An output without a
    counterpart is kept with None.

    Args:
        candidate: whose outputs are paired.
        reference: None for a candidate alone.
        stated: output of the candidate -> its name in the reference, where the spec gives it one.
    """
    ports = [port for port in candidate.outputs if port.tensor.dtype in REAL_DTYPES]
    if reference is None:
        return tuple(OutputPair(port, None) for port in ports)
    others = [port for port in reference.outputs if port.tensor.dtype in REAL_DTYPES]
    found = _by_name(ports, others, stated)
    taken = {other.name for other in found.values() if other is not None}
    ports_left = [port for port in ports if port.name not in found]
    others_left = [other for other in others if other.name not in taken]
    if len(ports_left) == len(others_left) and all(map(_fits, ports_left, others_left)):
        found |= {port.name: other for port, other in zip(ports_left, others_left, strict=True)}
    for port in ports_left:
        found.setdefault(port.name, _only_fit(port, ports_left, others_left))
    return tuple(OutputPair(port, found[port.name]) for port in ports)


def _by_name(
    ports: Sequence[Port], others: Sequence[Port], stated: Mapping[str, str]
) -> dict[str, Port | None]:
    """Name -> what is called so and fits; None where what is stated does not fit."""
    by_name = {other.name: other for other in others}
    found: dict[str, Port | None] = {}
    for port in ports:
        is_free = port.name not in stated.values()
        other = by_name.get(stated.get(port.name, port.name if is_free else ""))
        if other is not None and _fits(port, other):
            found[port.name] = other
        elif port.name in stated:
            found[port.name] = None
    return found


def _only_fit(port: Port, ports: Sequence[Port], others: Sequence[Port]) -> Port | None:
    fits = [other for other in others if _fits(port, other)]
    rivals = [rival for rival in ports if _fits(rival, port)]
    return fits[0] if len(fits) == 1 and len(rivals) == 1 else None


def _fits(first: Port, second: Port) -> bool:
    """Whether two outputs can have the same shape; an open size fits any."""
    sizes = [port.tensor.shape_signature for port in (first, second)]
    if len(sizes[0]) == len(sizes[1]) and -1 in (*sizes[0], *sizes[1]):
        return all(a == b or -1 in (a, b) for a, b in zip(*sizes, strict=True))
    return _elements(first.tensor) == _elements(second.tensor)


def _elements(tensor: Tensor) -> tuple[int, ...]:
    """The shape without the sizes of 1, which exporters add and drop."""
    return tuple(size for size in tensor.shape if size != 1)
