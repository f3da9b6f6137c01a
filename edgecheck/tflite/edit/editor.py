"""Edits of a .tflite file that leave everything else byte for byte as it is.

An `Editor` collects what is wanted; `finish` writes the differences (see `patching`), reads the
result back and compares it with what was wanted. What no edit touches keeps its bytes: metadata,
unknown fields, custom options, signatures, constants.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from edgecheck.errors import ModelFileInvalid, UnusableError
from edgecheck.quantization import QuantParams
from edgecheck.tflite.buffers import buffer_spans
from edgecheck.tflite.edit.activations import stored_activation
from edgecheck.tflite.edit.patching import Edits, patched
from edgecheck.tflite.graph import Metadata, Model, Operator, Subgraph, Tensor
from edgecheck.tflite.reader import read_model


class EditImpossible(UnusableError):
    """The layout of the file does not allow an edit: parts that must differ share their bytes."""

    kind = "edit-impossible"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the file cannot be edited: {reason}",
            hint="Convert the model again; its file is laid out in an unusual way.",
        )


@dataclass
class _Draft:
    """One subgraph as it is wanted; indices are those of the file, plus added tensors."""

    tensors: list[Tensor]
    operators: list[Operator]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    dropped: set[int] = field(default_factory=set)


class Editor:
    """Wanted edits of one file. Indices stay those of the file until `finish`."""

    def __init__(self, data: bytes) -> None:
        """Start from the bytes of a file; ModelFileInvalid where `read_model` refuses them."""
        self._data = data
        self._model = read_model(data)
        self._spans = buffer_spans(data)
        self._signatures = list(self._model.signatures)
        self._contents: dict[tuple[int, int], bytes] = {}
        self._activations: dict[tuple[int, int], int] = {}
        self._metadata: dict[str, bytes] = {}
        self._drafts = [
            _Draft(list(graph.tensors), list(graph.operators), graph.inputs, graph.outputs)
            for graph in self._model.subgraphs
        ]

    def set_dtype(self, graph: int, tensor: int, dtype: str) -> None:
        """Change the type of a tensor; `dtype` is one of `tensors.DTYPES`."""
        tensors = self._drafts[graph].tensors
        tensors[tensor] = replace(tensors[tensor], dtype=dtype)

    def set_quantization(
        self, graph: int, tensor: int, scales: Sequence[float], zero_points: Sequence[int]
    ) -> None:
        """Change the scales (stored as float32) and zero points, as many as there are.

        Raises:
            ValueError: the tensor has another number of scales, or none.
        """
        tensors = self._drafts[graph].tensors
        old = tensors[tensor].quantization
        if old is None or len(old.scales) != len(scales) or len(zero_points) != len(scales):
            found = 0 if old is None else len(old.scales)
            raise ValueError(f"tensor {tensor} has {found} scales, {len(scales)} given")
        stored = tuple(np.asarray(scales, np.float32).tolist())
        zeros = tuple(int(zero) for zero in zero_points)
        params = QuantParams(stored, zeros, old.quantized_dimension)
        tensors[tensor] = replace(tensors[tensor], quantization=params)

    def clear_quantization(self, graph: int, tensor: int) -> None:
        """Take the scales from a tensor: kernels look at them even where the values are float."""
        tensors = self._drafts[graph].tensors
        tensors[tensor] = replace(tensors[tensor], quantization=None)

    def set_buffer(self, graph: int, tensor: int, content: bytes) -> None:
        """Change the stored bytes of one tensor, and of no other that shares its buffer.

        Bytes of the same length are written in place where nothing else uses the buffer. Tensors
        that are given the same object go on sharing it.
        """
        spans, buffer = self._spans, self._drafts[graph].tensors[tensor].buffer
        self._contents.pop((graph, tensor), None)
        if buffer >= len(spans) or not _is_equal(spans[buffer].of(self._data), content):
            self._contents[graph, tensor] = content

    def set_operator_inputs(self, graph: int, operator: int, tensors: Sequence[int]) -> None:
        """Change all inputs of an operator."""
        operators = self._drafts[graph].operators
        operators[operator] = replace(operators[operator], inputs=tuple(tensors))

    def set_activation(self, graph: int, operator: int, activation: int) -> None:
        """Change the fused activation of an operator that has one (see `activations`)."""
        found = self._drafts[graph].operators[operator]
        if stored_activation(self._data, graph, found) != activation:
            self._activations[graph, operator] = activation

    def set_inputs(self, graph: int, tensors: Sequence[int]) -> None:
        """Change the inputs of a subgraph."""
        self._drafts[graph].inputs = tuple(tensors)

    def set_outputs(self, graph: int, tensors: Sequence[int]) -> None:
        """Change the outputs of a subgraph."""
        self._drafts[graph].outputs = tuple(tensors)

    def set_signature_outputs(self, graph: int, moved: Mapping[int, int]) -> None:
        """In every signature of a subgraph, name tensor `moved[t]` where t was named as output."""
        for index, signature in enumerate(self._signatures):
            if signature.subgraph == graph:
                outputs = {name: moved.get(t, t) for name, t in signature.outputs.items()}
                self._signatures[index] = replace(signature, outputs=outputs)

    def drop_operators(self, graph: int, operators: Iterable[int]) -> None:
        """Take operators out of a subgraph; they keep their indices until `finish`."""
        self._drafts[graph].dropped.update(operators)

    def add_tensors(
        self, graph: int, tensors: Iterable[tuple[tuple[int, ...], str]]
    ) -> tuple[int, ...]:
        """Add nameless tensors of the given (shape, dtype), without values; their indices."""
        known = self._drafts[graph].tensors
        start = len(known)
        for shape, dtype in tensors:
            new = Tensor(len(known), "", shape, shape, dtype, None, 0, False, False)
            known.append(new)
        return tuple(range(start, len(known)))

    def add_metadata(self, name: str, content: bytes) -> None:
        """Add a named metadata buffer; of ASCII name.

        Raises:
            ValueError: the file has one of that name.
        """
        if name in [*self._metadata, *(each.name for each in self._model.metadata)]:
            raise ValueError(f"the file has metadata named {name!r}")
        self._metadata[name] = content

    def finish(self) -> bytes:
        """The edited file, read back and compared with what was wanted; self-contained.

        Raises:
            EditImpossible: the file shares parts, or has fields, that stand in the way.
        """
        wanted = self._wanted()
        if wanted == self._model and not self._contents and not self._activations:
            return self._data
        edits = Edits(wanted, self._contents, self._activations, self._metadata)
        try:
            result, buffers = patched(self._data, self._model, edits)
            written = read_model(result)
        except (struct.error, ModelFileInvalid, ValueError) as error:
            raise EditImpossible(str(error)) from error
        self._compare(wanted, written, buffers)
        self._compare_constants(result, written)
        self._compare_activations(result)
        return result

    def _wanted(self) -> Model:
        graphs = tuple(
            _as_wanted(graph, draft)
            for graph, draft in zip(self._model.subgraphs, self._drafts, strict=True)
        )
        added = (Metadata(name, len(content)) for name, content in self._metadata.items())
        return replace(
            self._model,
            subgraphs=graphs,
            signatures=tuple(self._signatures),
            metadata=(*self._model.metadata, *added),
        )

    def _compare(
        self, wanted: Model, written: Model, buffers: Mapping[tuple[int, int], int]
    ) -> None:
        for graph, found in zip(wanted.subgraphs, written.subgraphs, strict=True):
            expected = _after_dropping(graph, self._drafts[graph.index].dropped)
            tensors = tuple(self._stored(graph.index, t, buffers) for t in graph.tensors)
            # repr: NaN is not equal to itself, and may be stored as a scale.
            expected = replace(expected, tensors=tensors)
            if expected != found and repr(expected) != repr(found):
                raise EditImpossible(f"subgraph {graph.index} shares parts of the file")
        if (written.signatures, written.metadata) != (wanted.signatures, wanted.metadata):
            raise EditImpossible("its signatures or metadata share parts of the file")
        if written.associated_files != wanted.associated_files:
            raise EditImpossible("the files packed behind it would be lost")

    def _stored(self, graph: int, tensor: Tensor, buffers: Mapping[tuple[int, int], int]) -> Tensor:
        key = graph, tensor.index
        if key not in self._contents:
            return tensor
        filled = bool(self._contents[key])
        return replace(tensor, buffer=buffers[key], is_constant=filled)

    def _compare_activations(self, result: bytes) -> None:
        for number, draft in enumerate(self._drafts):
            kept = (op for op in draft.operators if op.index not in draft.dropped)
            for position, operator in enumerate(kept):
                code = self._activations.get((number, operator.index))
                moved = replace(operator, index=position)
                if code is not None and stored_activation(result, number, moved) != code:
                    raise EditImpossible(f"the options of operator {operator.index} are damaged")

    def _compare_constants(self, result: bytes, written: Model) -> None:
        spans = buffer_spans(result)
        wanted: dict[int, bytes | memoryview] = {
            written.subgraphs[graph].tensors[index].buffer: content
            for (graph, index), content in self._contents.items()
        }
        for number, span in enumerate(self._spans):
            wanted.setdefault(number, span.of(self._data))
        for number, content in wanted.items():
            if not _is_equal(spans[number].of(result), content):
                raise EditImpossible(f"buffer {number} shares bytes with another part of the file")


def _is_equal(left: memoryview | bytes, right: memoryview | bytes) -> bool:
    # numpy compares words, a memoryview element by element.
    if not len(left) or len(left) != len(right):
        return len(left) == len(right)
    return bool(np.array_equal(np.frombuffer(left, np.uint8), np.frombuffer(right, np.uint8)))


def _as_wanted(graph: Subgraph, draft: _Draft) -> Subgraph:
    """The subgraph with edited tensors and operators; dropped ones are marked by no tensors."""
    operators = tuple(
        replace(operator, inputs=(), outputs=(), index=-1)
        if operator.index in draft.dropped
        else operator
        for operator in draft.operators
    )
    return replace(
        graph,
        tensors=tuple(draft.tensors),
        operators=operators,
        inputs=draft.inputs,
        outputs=draft.outputs,
    )


def _after_dropping(graph: Subgraph, dropped: set[int]) -> Subgraph:
    kept = [operator for number, operator in enumerate(graph.operators) if number not in dropped]
    numbered = tuple(replace(operator, index=index) for index, operator in enumerate(kept))
    return replace(graph, operators=numbered)
