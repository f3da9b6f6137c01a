"""What the converting process is asked: plain data that crosses as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from edgecheck.conversion.schemes import Io, Scheme

SourceFormat: TypeAlias = Literal["keras", "saved-model", "onnx", "tflite"]


@dataclass(frozen=True)
class ConversionRequest:
    """One conversion."""

    source: Path
    format: SourceFormat
    out: Path
    """Where the .tflite goes; nothing is there yet."""
    scheme: Scheme = "none"
    io: Io = "float32"
    signature: str | None = None
    """Of a SavedModel or .tflite; its only or default one when None."""
    named: str | None = None
    """What the .tflite calls it, where it is made anew; as the source does when None."""
    shapes: Mapping[str, tuple[int, ...] | None] = field(default_factory=dict)
    """Every input of the spec -> shape of one sample, which fixes what the source leaves open;
    None where the spec states none."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Input of the spec, as the .tflite calls it -> its name in the source, where it is stated."""
    representative: Mapping[str, Path] = field(default_factory=dict)
    """Input of the spec -> .npy, float32 (n, ...): the samples that ranges are chosen from."""
    allow_code: bool = False
    """Load a model that brings code along."""
    float_operators: tuple[str, ...] = ()
    """Names of outputs of operators that stay in float, with full-integer."""

    @property
    def source_key(self) -> str:
        """What the loaded source depends on: the same for all schemes."""
        named = [self.signature, self.named, sorted(self.names.items())]
        return json.dumps([str(self.source), named, sorted(self.shapes.items()), self.allow_code])

    def to_json(self) -> str:
        """As text that `from_json` reads."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> "ConversionRequest":
        """The request that `to_json` wrote."""
        found = json.loads(text)
        found["source"], found["out"] = Path(found["source"]), Path(found["out"])
        found["shapes"] = {
            name: None if shape is None else tuple(shape) for name, shape in found["shapes"].items()
        }
        found["representative"] = {
            name: Path(path) for name, path in found["representative"].items()
        }
        found["float_operators"] = tuple(found["float_operators"])
        return cls(**found)
