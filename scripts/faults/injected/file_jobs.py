"""Files with another operator code: written by TensorFlow's own schema classes, in its child."""

from pathlib import Path

from faults.case import Untyped

_CUSTOM = 32
"""BuiltinOperator_CUSTOM of TFLite's schema."""


def newer_operator(source: str, out: str, by: int) -> None:
    """Raise the version of the code that most operators use.

    Args:
        source: a .tflite file.
        out: to write.
        by: versions.
    """
    model = _read(source)
    uses = [op.opcodeIndex for op in model.subgraphs[0].operators]
    code = model.operatorCodes[max(set(uses), key=uses.count)]
    code.version += by
    _write(model, out)


def custom_operator(source: str, out: str, name: str) -> None:
    """The last operator becomes a custom one of that name, without options."""
    from tensorflow.lite.python import schema_py_generated as schema

    model = _read(source)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = _CUSTOM
    code.customCode, code.version = name, 1
    model.operatorCodes.append(code)
    last = model.subgraphs[0].operators[-1]
    last.opcodeIndex = len(model.operatorCodes) - 1
    last.builtinOptionsType, last.builtinOptions = 0, None
    _write(model, out)


def _read(path: str) -> Untyped:
    from tensorflow.lite.python import schema_py_generated as schema

    return schema.ModelT.InitFromPackedBuf(Path(path).read_bytes(), 0)


def _write(model: Untyped, path: str) -> None:
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    Path(path).write_bytes(bytes(builder.Output()))
