"""Numbers in the builtin options of operators, which the verifier does not look at."""

import struct

from edgecheck.tflite import flat
from edgecheck.tflite.graph import Operator, Subgraph

_OPTIONS = 4
"""Number of the field builtin_options of an operator (schema.fbs)."""


class Options:
    """The builtin options of one verified file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        subgraphs = flat.tables(data, flat.target(data, 0), 2)
        self._operators = [flat.tables(data, subgraph, 3) for subgraph in subgraphs]

    def number(self, graph: Subgraph, operator: Operator, slot: int, code: str) -> int | None:
        """Field `slot`, in the format `code` of `struct`; 0, its default, where it is absent.

        None where the operator has no options, or they lead out of the file.
        """
        found = self._field(graph, operator, slot, code)
        return None if found is None else int(found)

    def real(self, graph: Subgraph, operator: Operator, slot: int) -> float | None:
        """Likewise of a float32, which may be NaN or infinite."""
        return self._field(graph, operator, slot, "<f")

    def _field(self, graph: Subgraph, operator: Operator, slot: int, code: str) -> float | None:
        data, table = self._data, self._operators[graph.index][operator.index]
        try:
            options = flat.child(data, table, _OPTIONS)
            if not options:
                return None
            place = flat.field(data, options, slot, struct.calcsize(code))
            found: float = struct.unpack_from(code, data, place)[0] if place else 0
        except struct.error:
            return None
        return found
