"""The rule `endianness`."""

from dataclasses import dataclass

from edgecheck.rules.dumped import DumpedInput


@dataclass(frozen=True)
class Endianness(DumpedInput):
    """Bytes of each value arrive in the other order.

    ## What it means
    Numbers of more than one byte are read back to front: 1.0 becomes 4.6e-41,
    and int16 codes lose all order.

    ## Why it happens
    * `ByteBuffer` of Java and Kotlin starts out big-endian, whatever the
      processor.
    * Values came over a network or a bus in network order.
    * The processor is big-endian, and the runtime expects little-endian
      files.

    ## How edgecheck knows
    `edgecheck match` swaps the bytes of the prepared values, and finds them
    in the dump. A dump that was itself written in the other order is read
    rightly if it says so (`byte_order: big`).

    ## How to fix
    Java and Kotlin:

        buffer.order(ByteOrder.nativeOrder())

    C: swap as values are read, as with `__builtin_bswap32`.

    ## References
    * https://github.com/microsoft/onnxruntime/issues/26408
    * https://github.com/tensorflow/flutter-tflite/issues/166
    * https://github.com/tensorflow/tensorflow/issues/28807
    """

    name = "endianness"
    severity = "error"
    role = "cause"
