"""The quantization schemes that a conversion can be asked for."""

from typing import Final, Literal, TypeAlias

Scheme: TypeAlias = Literal["none", "float16", "dynamic-range", "full-integer", "int16x8"]

Io: TypeAlias = Literal["float32", "int8", "uint8"]
"""Type of the inputs and outputs; other than float32 only with full-integer."""

CALIBRATED: Final[frozenset[Scheme]] = frozenset({"full-integer", "int16x8"})
"""Schemes that store activation ranges, and so need a representative dataset."""

AUTO: Final[tuple[Scheme, ...]] = ("full-integer", "int16x8", "dynamic-range", "float16")
"""What `auto` tries."""
