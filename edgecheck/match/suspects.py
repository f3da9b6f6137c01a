"""Every other way in which the inputs of the dumped samples could have been made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from edgecheck.match.reruns import Suspect
from edgecheck.matching.redone import Redone, other_steps, reencoded
from edgecheck.mistakes.bank import usual_mistakes, wraps
from edgecheck.mistakes.channels import late_orders
from edgecheck.mistakes.mistake import Mistake, Receiver
from edgecheck.samples.chunk import Chunk
from edgecheck.spec.model import InputSpec
from edgecheck.tensors import Array


@dataclass(frozen=True)
class Made:
    """The dumped samples as they are stored and as the spec prepares them."""

    inputs: Mapping[str, InputSpec]
    stored: Chunk
    prepared: Mapping[str, Array]
    """Input name -> float32 (n, *shape)."""
    receivers: Mapping[str, Receiver]

    def redone(self, name: str) -> Iterator[Redone]:
        """An input made by other steps, of other files, or of the samples of another input."""
        for other, rows in self.prepared.items():
            if other != name and rows.shape == self.prepared[name].shape:
                words = f"the samples of input {other}"
                yield Redone(f"input-{other}", "io-order-swapped", words, rows)
        spec, ids = self.inputs[name], self.stored.ids
        shape = self.prepared[name].shape[1:]
        yield from other_steps(name, spec, self.stored.rows[name], ids, shape)
        yield from reencoded(name, spec, self.stored.rows[name], ids)

    def suspects(self, names: Sequence[str]) -> Iterator[Suspect]:
        """Every usual mistake with these inputs, and every other way to make them."""
        for name in names:
            receiver = self.receivers[name]
            for mistake in chain(usual_mistakes(receiver), late_orders(receiver), wraps(receiver)):
                make = partial(self._mistaken, name, mistake)
                yield Suspect(
                    name, mistake.key, mistake.rule, mistake.words, make, mistake.is_harmless
                )
            for each in self.redone(name):
                if each.rule == "io-order-swapped":
                    yield self._exchanged(name, each)
                else:
                    rows = {name: each.rows}
                    yield Suspect(
                        name, each.key, each.rule, each.words, rows.copy, each.is_harmless
                    )

    def _mistaken(self, name: str, mistake: Mistake) -> Mapping[str, Array]:
        return {name: mistake.apply(self.prepared[name], self.receivers[name])}

    def _exchanged(self, name: str, found: Redone) -> Suspect:
        other = found.key.removeprefix("input-")
        rows = {name: found.rows, other: self.prepared[name]}
        return Suspect(name, found.key, found.rule, found.words, rows.copy)
