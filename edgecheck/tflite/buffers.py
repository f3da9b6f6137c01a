"""Where the bytes of constants lie in a file."""

from dataclasses import dataclass

import tflite


@dataclass(frozen=True)
class Span:
    """`size` bytes from byte `start` of the file; size 0 where a buffer stores nothing."""

    start: int
    size: int

    def of(self, data: bytes) -> memoryview:
        """The bytes, without a copy."""
        return memoryview(data)[self.start : self.start + self.size]


def buffer_spans(data: bytes) -> tuple[Span, ...]:
    """The span of every buffer of a verified file, in the order of the file.

    Files over 2 GB keep data behind the flatbuffer (`Buffer.offset` > 1, schema.fbs).
    """
    model = tflite.Model.GetRootAs(data)
    return tuple(_span(model.Buffers(index)) for index in range(model.BuffersLength()))


def _span(buffer: tflite.Buffer) -> Span:
    if buffer.Offset() > 1:
        return Span(buffer.Offset(), buffer.Size())
    # The generated class gives the values; only its table knows where they lie.
    field = buffer._tab.Offset(4)
    return Span(buffer._tab.Vector(field), buffer.DataLength()) if field else Span(0, 0)
