"""What a trained model takes and gives: plain data that crosses as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgecheck.runtime.trained.formats import TrainedFormat
from edgecheck.tflite.graph import Contract, Port, Tensor


@dataclass(frozen=True)
class TrainedPort:
    """One input or output."""

    name: str
    shape: tuple[int, ...]
    """Batch axis included; -1 where a size is open."""
    dtype: str
    """Named as in `tensors.DTYPES`."""


@dataclass(frozen=True)
class Description:
    """The outside of one trained model."""

    format: TrainedFormat
    inputs: tuple[TrainedPort, ...]
    outputs: tuple[TrainedPort, ...]
    signature: str | None = None
    """Of a SavedModel."""
    has_state: bool = False
    """Variables change from run to run."""
    fake_quantizers: int = 0
    """Operators, or layers of Keras, that round to the codes of a range that training chose."""

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Description":
        """The inverse of `dataclasses.asdict`, after a trip through JSON."""
        ports = {key: tuple(map(_port, fields[key])) for key in ("inputs", "outputs")}
        return cls(**{**fields, **ports})

    def contract(self) -> Contract:
        """The same as the contract of a .tflite file, whose tensors count up over the ports."""
        ports = [
            Port(port.name, _tensor(index, port))
            for index, port in enumerate((*self.inputs, *self.outputs))
        ]
        split = len(self.inputs)
        return Contract(
            inputs=tuple(ports[:split]),
            outputs=tuple(ports[split:]),
            subgraph=0,
            signature=self.signature,
            has_state=self.has_state,
        )


def _port(fields: Mapping[str, Any]) -> TrainedPort:
    return TrainedPort(fields["name"], tuple(fields["shape"]), fields["dtype"])


def _tensor(index: int, port: TrainedPort) -> Tensor:
    return Tensor(
        index=index,
        name=port.name,
        shape=tuple(1 if size == -1 else size for size in port.shape),
        shape_signature=port.shape,
        dtype=port.dtype,
        quantization=None,
        buffer=0,
        is_constant=False,
        is_variable=False,
    )
