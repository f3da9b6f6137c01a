"""Views of a .tflite file: plain data, named as in the TFLite schema."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgecheck.quantization import QuantParams


@dataclass(frozen=True)
class Tensor:
    """One tensor of a subgraph."""

    index: int
    name: str
    shape: tuple[int, ...]
    shape_signature: tuple[int, ...]
    """The shape with -1 where a dimension is dynamic; equal to `shape` where none is."""
    dtype: str
    quantization: QuantParams | None
    """None where the file stores no scale."""
    buffer: int
    is_constant: bool
    is_variable: bool


@dataclass(frozen=True)
class Operator:
    """One operator; `name` is the builtin's name, `BUILTIN_<n>` if unknown, or the custom code."""

    index: int
    name: str
    version: int
    inputs: tuple[int, ...]
    """Tensor indices; -1 stands for an optional input that is absent."""
    outputs: tuple[int, ...]
    is_custom: bool


@dataclass(frozen=True)
class Subgraph:
    """One subgraph: tensors and operators, in the order of the file."""

    index: int
    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Signature:
    """A named entry point: argument name -> tensor index in its subgraph."""

    key: str
    subgraph: int
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]


@dataclass(frozen=True)
class Metadata:
    """One named metadata buffer."""

    name: str
    size_bytes: int


@dataclass(frozen=True)
class Model:
    """A whole file."""

    sha256: str
    size_bytes: int
    schema_version: int
    description: str
    subgraphs: tuple[Subgraph, ...]
    signatures: tuple[Signature, ...]
    metadata: tuple[Metadata, ...]
    min_runtime_version: str | None
    associated_files: tuple[str, ...]
    """Names of the files packed behind the flatbuffer as a zip (labels, vocabularies)."""
    operator_codes: tuple[Operator, ...] = ()
    """Every operator that the file lists, used or not, without tensors and index."""


@dataclass(frozen=True)
class Port:
    """One input or output of a model under the name that callers use."""

    name: str
    """The signature's argument name if there is one, else the tensor's name."""
    tensor: Tensor


@dataclass(frozen=True)
class Contract:
    """What a caller must feed and will get: the ports of one signature, or of subgraph 0."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    subgraph: int
    signature: str | None
    has_state: bool
    """The graph keeps variables between invocations."""
    has_resources: bool = False
    """Some of them are resources (ASSIGN_VARIABLE), which no runtime resets: only a reload does."""
