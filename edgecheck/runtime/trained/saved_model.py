"""SavedModel folders, loaded without running what they bring along.

For child processes only: TensorFlow is imported here. A SavedModel is a program: what its signature
and its initializers can reach must compute, and not read or write elsewhere.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgecheck.runtime.trained.description import Description, TrainedPort
from edgecheck.runtime.trained.refusal import CodeRefused
from edgecheck.tensors import Array

DEFAULT_SIGNATURE = "serving_default"
_INTERNAL = "__saved_model"
_MOST_BYTES = 1 << 31
"""Protocol buffers end here."""
_PYTHON = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})
"""They call back into the process: refused wherever they are."""
_FILES = re.compile(r"ReadFile|MatchingFiles|ImmutableConst|.*Dataset.*|Debug.*")
"""Operators that TensorFlow calls stateless, and that can read or write files all the same."""
_COMPUTES = re.compile(
    r"""Anonymous.*HashTable.* | Mutable.*HashTable.* | HashTable(V2)? | LookupTable.*
    | InitializeTable(V2|FromTextFileV2) | DestroyResourceOp | DisableCopyOnRead
    | Var.* | Variable(V2)? | TemporaryVariable | ReadVariableOp | Assign.*VariableOp
    | Resource(Gather|Scatter|StridedSlice).* | Empty | DeepCopy | DeviceIndex | GuaranteeConst
    | StatefulPartitionedCall | Case | If | While | Assert | CheckNumerics(V2)? | CudnnRNN.*
    | TensorArray.* | Stack.* | Print | StatelessRandomGetAlg | Multinomial | Rng.* | Timestamp
    | .*(Random|Truncated|Normal|Uniform|CandidateSampler).* | NonDeterministicInts
    | SampleDistortedBoundingBox.*""",
    re.VERBOSE,
)
"""Operators with state that stay within the process (PrintV2 can print to a file)."""
_FAKE_QUANT = re.compile(r"FakeQuantWithMinMax(Args|Vars|VarsPerChannel)")
_WRITES = re.compile(r"Assign.*VariableOp|Resource(Scatter|StridedSliceAssign).*")


@dataclass(frozen=True)
class LoadedSignature:
    """One callable signature of a SavedModel."""

    name: str
    function: Any
    """A ConcreteFunction; called with one tensor a named argument."""
    model: Any
    """What keeps its variables alive."""


def load_saved_model(path: Path, *, signature: str | None, allow_code: bool) -> LoadedSignature:
    """A signature of a SavedModel folder.

    Args:
        path: of the folder.
        signature: its name; None for `serving_default`, or the only one.
        allow_code: run operators that call Python or write files.

    Raises:
        CodeRefused: the model would run code.
        ValueError: no such signature, or no readable SavedModel; TensorFlow raises others, too.
        ImportError: TensorFlow is not installed.
    """
    import tensorflow as tf

    if not allow_code:
        scan_saved_model(path)
    loaded = tf.saved_model.load(str(path.resolve()))
    name = chosen_signature(list(loaded.signatures), signature)
    return LoadedSignature(name, loaded.signatures[name], loaded)


def chosen_signature(names: Iterable[str], wanted: str | None) -> str:
    """The signature to run.

    Raises:
        ValueError: it is not there, or there is none to choose without a name.
    """
    known = [name for name in names if not name.startswith(_INTERNAL)]
    listed = ", ".join(known) or "none"
    if wanted is not None:
        if wanted not in known:
            raise ValueError(f"it has no signature {wanted!r}; its signatures: {listed}")
        return wanted
    if DEFAULT_SIGNATURE in known:
        return DEFAULT_SIGNATURE
    if len(known) != 1:
        raise ValueError(
            "state `signature` in the spec (`model.reference_signature`, if the candidate's has "
            f"another name); its signatures: {listed}"
        )
    return known[0]


def scan_saved_model(path: Path) -> None:
    """Look through the graphs of a folder before TensorFlow loads it.

    Raises:
        CodeRefused: a graph calls Python, or what is run reads or writes files.
        ValueError: its saved_model.pb cannot be read.
    """
    for graph in _parsed(path).meta_graphs:
        _scan_graph(graph)


def takes_ragged(path: Path) -> bool:
    """Whether a function of a SavedModel folder takes ragged tensors.

    Raises:
        ValueError: its saved_model.pb cannot be read.
    """
    from tensorflow.core.protobuf.struct_pb2 import TypeSpecProto

    ragged = TypeSpecProto.TypeSpecClass.RAGGED_TENSOR_SPEC
    waiting = [
        function.canonicalized_input_signature
        for graph in _parsed(path).meta_graphs
        for function in graph.object_graph_def.concrete_functions.values()
    ]
    while waiting:
        value = waiting.pop()
        if value.type_spec_value.type_spec_class == ragged:
            return True
        waiting += [*value.tuple_value.values, *value.list_value.values]
        waiting += value.dict_value.fields.values()
    return False


def _parsed(path: Path) -> Any:  # noqa: ANN401  (SavedModel)
    """Its saved_model.pb, with a graph at least."""
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    file = path / "saved_model.pb"
    try:
        if file.stat().st_size >= _MOST_BYTES:
            raise ValueError("its saved_model.pb is larger than a protocol buffer can be")
        saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    except (OSError, DecodeError) as error:
        raise ValueError(f"its saved_model.pb cannot be read: {error}") from None
    if not saved.meta_graphs:
        raise ValueError("its saved_model.pb holds no graph")
    return saved


def _scan_graph(graph: Any) -> None:  # noqa: ANN401  (MetaGraphDef)
    functions = {f.signature.name: f for f in graph.graph_def.library.function}
    everything = [*graph.graph_def.node, *(n for f in functions.values() for n in f.node_def)]
    for node in everything:
        if node.op in _PYTHON:
            raise CodeRefused(f"its operator {node.name!r} ({node.op}) calls Python")
    for node in _reachable(graph, functions):
        if not _computes(node.op, functions):
            raise CodeRefused(f"its operator {node.name!r} ({node.op}) acts outside the model")


def _computes(operator: str, functions: Mapping[str, Any]) -> bool:
    """Whether an operator stays within the process; a function is judged by its own nodes.

    What TensorFlow does not know, it refuses itself.
    """
    from tensorflow.python.framework import op_def_registry

    definition = op_def_registry.get(operator)
    if operator in functions or definition is None:
        return True
    if not definition.is_stateful:
        return _FILES.fullmatch(operator) is None
    return _COMPUTES.fullmatch(operator) is not None


def _reachable(graph: Any, functions: Mapping[str, Any]) -> Iterator[Any]:  # noqa: ANN401
    """The nodes that loading and running may execute: everything but saving and restoring."""
    nodes = {node.name: node for node in graph.graph_def.node}
    waiting = [nodes[name] for name in _ancestors(_roots(graph), nodes)]
    names = set(graph.object_graph_def.concrete_functions) & set(functions)
    for called in names:
        waiting += functions[called].node_def
    yield from _followed(waiting, functions, frozenset(names))


def _followed(
    waiting: list[Any], functions: Mapping[str, Any], names: frozenset[str] = frozenset()
) -> Iterator[Any]:
    """Nodes, and those of every function that they call; each function once, `names` not at all."""
    done = set(names)
    while waiting:
        node = waiting.pop()
        yield node
        fresh = {name for name in _called(node) if name in functions} - done
        done |= fresh
        for name in fresh:
            waiting += functions[name].node_def


def _roots(graph: Any) -> Iterator[str]:  # noqa: ANN401
    """Nodes of the outer graph that are asked for: outputs of signatures, and initializers."""
    for signature in graph.signature_def.values():
        for tensor in signature.outputs.values():
            yield from (tensor.name, *(part.name for part in tensor.composite_tensor.components))
    for collection in graph.collection_def.values():
        yield from collection.node_list.value


def _ancestors(roots: Iterable[str], nodes: Mapping[str, Any]) -> set[str]:
    waiting, found = [_node_name(root) for root in roots], set[str]()
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in found:
            found.add(name)
            waiting += [_node_name(source) for source in nodes[name].input]
    return found


def _node_name(tensor: str) -> str:
    """The node of a tensor ("x:0") or of a control input ("^x")."""
    return tensor.lstrip("^").partition(":")[0]


def _called(node: Any) -> Iterator[str]:  # noqa: ANN401  (NodeDef)
    """Functions that a node calls: as its operator, or by an attribute."""
    yield node.op
    for value in node.attr.values():
        if value.func.name:
            yield value.func.name
        yield from (function.name for function in value.list.func)


class SignatureModel:
    """A signature of a SavedModel, as `TrainedModel` has it."""

    def __init__(self, path: Path, *, signature: str | None, allow_code: bool) -> None:
        """Load it; raises as `load_saved_model`."""
        self._loaded = load_saved_model(path, signature=signature, allow_code=allow_code)
        function = self.function = self._loaded.function
        inputs = function.structured_input_signature[1]
        self._dtypes = {name: spec.dtype for name, spec in inputs.items()}
        graph = function.graph.as_graph_def()
        written = list(function.variables) if _writes(graph) else []
        self._kept = [(variable, variable.numpy()) for variable in written]
        self.description = Description(
            format="saved-model",
            inputs=tuple(_port(name, spec) for name, spec in inputs.items()),
            outputs=tuple(_port(name, spec) for name, spec in function.structured_outputs.items()),
            signature=self._loaded.name,
            has_state=bool(written),
            fake_quantizers=_fake_quantizers(graph),
        )

    def run(self, feeds: Mapping[str, Array]) -> Mapping[str, Array]:
        """One run of any number of rows, as far as the batch axis is open."""
        import tensorflow as tf

        taken = {name: tf.constant(feeds[name], dtype) for name, dtype in self._dtypes.items()}
        results = self._loaded.function(**taken)
        return {name: np.asarray(values) for name, values in results.items()}

    def forget(self) -> None:
        """Give the variables that a run writes the values that the folder has."""
        for variable, value in self._kept:
            variable.assign(value)


def _writes(graph: Any) -> bool:  # noqa: ANN401  (GraphDef)
    """Whether any operator of a run writes to a variable."""
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    return any(_WRITES.match(node.op) for node in nodes)


def _fake_quantizers(graph: Any) -> int:  # noqa: ANN401  (GraphDef)
    """Fake-quantization operators that a call runs through."""
    functions = {inner.signature.name: inner for inner in graph.library.function}
    nodes = _followed(list(graph.node), functions)
    return sum(_FAKE_QUANT.fullmatch(node.op) is not None for node in nodes)


def _port(name: str, spec: Any) -> TrainedPort:  # noqa: ANN401  (TensorSpec)
    if spec.shape.rank is None:
        raise ValueError(f"the number of axes of {name!r} is open")
    shape = tuple(-1 if size is None else int(size) for size in spec.shape)
    return TrainedPort(name, shape, spec.dtype.name)
