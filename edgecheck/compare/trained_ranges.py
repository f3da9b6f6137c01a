"""The ranges that a reference was trained for, beside those that the candidate stores."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from edgecheck.quantization import representable_range
from edgecheck.tflite.fake_quantization import FakeQuantizer
from edgecheck.tflite.graph import Subgraph, Tensor

Span = tuple[float, float]

_EIGHT_BITS = frozenset({"int8", "uint8"})
"""int16 is symmetric, so that its ranges are never the trained ones."""


@dataclass(frozen=True)
class TrainedRange:
    """One activation of the candidate, and what training taught for it."""

    tensor: str
    trained: Span
    stored: Span
    """What the candidate can hold."""

    @property
    def movement(self) -> float:
        """The larger movement of an end, for each trained width."""
        ends = zip(self.trained, self.stored, strict=True)
        return max(abs(a - b) for a, b in ends) / (self.trained[1] - self.trained[0])


@dataclass(frozen=True)
class FakeQuantization:
    """What shows that a reference was trained with quantization."""

    reference: str
    """Its file."""
    operators: int
    """Fake-quantization operators in it, at least one."""
    ranges: tuple[TrainedRange, ...] = ()
    """Those that have a counterpart in the candidate by name; empty for formats without names of
    tensors."""


def trained_ranges(
    trained: Sequence[FakeQuantizer], candidate: Subgraph
) -> tuple[TrainedRange, ...]:
    """Trained ranges whose tensor has one counterpart of its name in the candidate.

    Converters join names with `;`, so that one of them is enough. Each tensor comes once: the first
    range counts.
    """
    known = _by_name(candidate)
    found: dict[int, TrainedRange] = {}
    for fake in trained:
        tensor = _counterpart(fake, known)
        if fake.span is None or not fake.span[0] < fake.span[1] or tensor is None:
            continue
        params = tensor.quantization
        if params is not None and tensor.index not in found:
            stored = representable_range(params, tensor.dtype)
            found[tensor.index] = TrainedRange(tensor.name, fake.span, stored)
    return tuple(found.values())


def _by_name(graph: Subgraph) -> dict[str, list[Tensor]]:
    """Name, or part of one -> activations of 8 bits that have it."""
    known: dict[str, list[Tensor]] = defaultdict(list)
    for tensor in graph.tensors:
        params = tensor.quantization
        if tensor.is_constant or tensor.dtype not in _EIGHT_BITS or params is None:
            continue
        if params.is_usable and not params.is_per_channel:
            for name in _names(tensor.name):
                known[name].append(tensor)
    return known


def _counterpart(fake: FakeQuantizer, known: dict[str, list[Tensor]]) -> Tensor | None:
    """What it gives is what the candidate holds; what it takes is named alike where both are one."""
    names = (part for name in fake.names for part in _names(name))
    return next((known[name][0] for name in names if len(known.get(name, ())) == 1), None)


def _names(name: str) -> list[str]:
    """The whole name, then the parts that a converter joined."""
    return list(dict.fromkeys(part for part in (name, *name.split(";")) if part))
