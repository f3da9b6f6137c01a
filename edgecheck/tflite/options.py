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
        data, table = self._data, self._operators[graph.index][operator.index]
        try:
            options = flat.child(data, table, _OPTIONS)
            if not options:
                return None
            place = flat.field(data, options, slot, struct.calcsize(code))
            return int(struct.unpack_from(code, data, place)[0]) if place else 0
        except struct.error:
            return None
