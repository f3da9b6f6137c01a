"""Which inputs and outputs of a model the tensors of a dump are, and how many samples they hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np

from edgecheck.device.logged import DumpedTensor
from edgecheck.errors import DumpUnreadable
from edgecheck.rules.wording import listed, plain
from edgecheck.tensors import REAL_DTYPES, Array
from edgecheck.tflite.graph import Contract, Port


@dataclass(frozen=True)
class Placed:
    """A tensor of a dump as an input or output."""

    kind: Literal["input", "output"]
    name: str
    """Of the spec's input, or of the output."""
    port: Port
    logged: DumpedTensor
    shape: tuple[int, ...]
    """Of one sample."""

    @property
    def samples(self) -> int:
        """How many samples were logged.

        Raises:
            DumpUnreadable: the shape is no number of samples.
        """
        size, found = prod(self.shape), self.logged.shape
        if size == prod(found[1:]):
            return found[0]
        if size == self.logged.size:
            return 1
        if len(found) == 1 and size and self.logged.size % size == 0:
            return self.logged.size // size
        raise DumpUnreadable(
            f"{self.kind} {plain(self.name)!r} was logged with shape {list(found)}, one sample has "
            f"{list(self.shape)}",
            hint="The first axis counts samples, the others are the shape of one, or flat.",
        )

    def read(self, count: int) -> Array:
        """The first samples, (count, *shape), of the type that was logged."""
        entries = self.logged.shape[0] // self.samples  # of the first axis, of one sample
        return np.ascontiguousarray(self.logged.read(count * entries)).reshape(count, *self.shape)


def placed(
    tensors: Sequence[DumpedTensor],
    bound: Mapping[str, Port],
    shapes: Mapping[str, tuple[int, ...]],
    contract: Contract,
) -> tuple[Placed, ...]:
    """Every tensor of a dump in its place, under the name of the spec, signature or tensor.

    Args:
        tensors: of the dump.
        bound: spec input name -> port.
        shapes: spec input name -> shape of one sample.
        contract: of the candidate.

    Raises:
        DumpUnreadable: a name that the model does not have or has twice, or the tensors are not of
            the same samples.
    """
    found = []
    for tensor in tensors:
        ports = _ports(tensor.name, bound, contract)
        if len(ports) != 1:
            raise _unplaced(tensor.name, ports, bound, contract)
        kind, name, port = ports[0]
        shape = shapes[name] if kind == "input" else _output_shape(port, tensor)
        found.append(Placed(kind, name, port, tensor, shape))
    names = [(each.kind, each.name) for each in found]
    if len(set(names)) < len(names):
        raise DumpUnreadable("two tensors of the dump are the same one", hint="Leave one out.")
    _require_same_samples(found)
    return tuple(found)


def _ports(
    name: str, bound: Mapping[str, Port], contract: Contract
) -> list[tuple[Literal["input", "output"], str, Port]]:
    inputs: list[tuple[Literal["input", "output"], str, Port]] = [
        ("input", known, port)
        for known, port in bound.items()
        if name in {known, port.name, port.tensor.name}
    ]
    outputs = [
        port
        for port in contract.outputs
        if name in {port.name, port.tensor.name} and port.tensor.dtype in REAL_DTYPES
    ]
    return inputs + [("output", port.name, port) for port in outputs]


def _unplaced(
    name: str, ports: Sequence[object], bound: Mapping[str, Port], contract: Contract
) -> DumpUnreadable:
    inputs, outputs = listed(list(bound)), listed([port.name for port in contract.outputs])
    if ports:
        return DumpUnreadable(
            f"{plain(name)!r} is the name of several inputs and outputs",
            hint="Use the names of the tensors; `edgecheck inspect MODEL` lists them.",
        )
    return DumpUnreadable(
        f"the model has no input or output {plain(name)!r}",
        hint=f"Its inputs are {inputs}; its outputs are {outputs}.",
    )


def _output_shape(port: Port, tensor: DumpedTensor) -> tuple[int, ...]:
    """Of one sample, without a batch of 1; as logged where the model leaves it open."""
    shape, sizes = port.tensor.shape, port.tensor.shape_signature or port.tensor.shape
    if -1 in sizes[1:]:
        return tensor.shape[1:]
    return tuple(shape[1:] if shape[:1] == (1,) else shape)


def _require_same_samples(found: Sequence[Placed]) -> None:
    counts = {each.name: each.samples for each in found}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{plain(name)} {count}" for name, count in counts.items())
        raise DumpUnreadable(
            f"the numbers of samples differ: {told}",
            hint="Log all tensors of the same runs, or match them one by one.",
        )
    for each in found:
        if each.logged.ids is not None and len(each.logged.ids) != each.samples:
            raise DumpUnreadable(
                f"there are {len(each.logged.ids)} ids for {each.samples} samples",
                hint="Give one id a sample.",
            )
        _require_apart(each.logged.ids or ())
    if len({each.logged.ids for each in found}) > 1:
        raise DumpUnreadable(
            "the tensors of the dump have different ids",
            hint="Log all tensors of the same runs, or match them one by one.",
        )


def _require_apart(ids: Sequence[str]) -> None:
    """Two rows of one sample are one too many: which of them is meant?"""
    seen = set[str]()
    for each in ids:
        if each in seen:
            raise DumpUnreadable(
                f"id {plain(each)!r} is there twice", hint="Log each sample once, under its own id."
            )
        seen.add(each)
