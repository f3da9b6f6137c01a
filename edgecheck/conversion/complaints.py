"""What converters say when they fail, in words that tell what to do."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from edgecheck.conversion.schemes import Scheme
from edgecheck.errors import RuntimeMissing
from edgecheck.tflite.names import printable

_MOST = 8
_LINE = 300
_REPLACED: Final[Mapping[str, str]] = {
    "Erf": "use the tanh form of GELU (keras.activations.gelu(x, approximate=True))",
    "FFT": "use tf.signal.rfft, or take the spectrum out of the model into the spec's steps",
    "MatrixInverse": "precompute the inverse where the matrix is constant",
    "Random": "call the model with training=False: dropout and noise belong to training "
    "(edgecheck explain train-mode-export)",
    "TensorListReserve": "unroll the recurrent layer (unroll=True) or fix its length",
}
"""TensorFlow operators that often stand in the way, and what to write instead."""


def translated(words: str, scheme: Scheme) -> tuple[str, str]:
    """(what is wrong, what to do) for the words of a converter, each one line.

    Args:
        words: its error, whole; it may be many lines.
        scheme: what was asked for.

    Raises:
        RuntimeMissing: it is the converter itself that does not work here.
    """
    broken = re.match(r"(?:[\w.]*\.)?PackageBroken: (\w+): (.*)", words)
    if broken:
        raise _broken(broken[1], broken[2])
    for pattern, explain in _KNOWN:
        found = re.search(pattern, words, re.DOTALL)
        if found:
            return explain(found, scheme)
    hint = "its whole output is shown with -v"
    if scheme != "none":
        hint += "; try `--quantize none` to see whether the model or its quantization is the reason"
    return f"the converter failed: {_last_error(words)}", hint


def _broken(module: str, why: str) -> RuntimeMissing:
    package = module.replace("_", "-")
    return RuntimeMissing(
        f"the package {package} is installed, but its import fails: {printable(why)[:_LINE]}",
        hint=f"reinstall it: pip install --force-reinstall {package}; then see `edgecheck doctor`",
    )


def _last_error(words: str) -> str:
    """The line that says the most: the last that speaks of an error, else the last."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    told = [line for line in lines if re.search(r"\berror\b|Error:", line)]
    last = (told or lines or ["it said nothing"])[-1]
    return printable(re.sub(r"loc\(.*\): ", "", last))[:_LINE]


def _names(text: str) -> str:
    names = list(dict.fromkeys(printable(name.strip()) for name in text.split(",")))
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more


def _select(found: re.Match[str], _scheme: Scheme) -> tuple[str, str]:
    names = _names(found[1])
    instead = [advice for name, advice in _REPLACED.items() if name in names]
    return (
        (
            f"TFLite has no kernel for {names}: these would need TensorFlow's own (Select TF, Flex), "
            "which few devices carry and edgecheck never adds silently"
        ),
        "; ".join(instead)
        or "replace them with operators of TFLite, or take them out of the model "
        "(into the spec's steps, or the code after it)",
    )


def _custom(found: re.Match[str], _scheme: Scheme) -> tuple[str, str]:
    return (
        f"no runtime has the operators {_names(found[1])}, neither TFLite nor Flex",
        "replace them with operators of TFLite, or cut the model before them",
    )


def _unquantizable(found: re.Match[str], scheme: Scheme) -> tuple[str, str]:
    return (
        f"the converter cannot quantize {_names(found[1])} as {scheme}",
        "try `--quantize auto`, which keeps the worst operators in float, or dynamic-range",
    )


def _tensor_lists(_found: re.Match[str], _scheme: Scheme) -> tuple[str, str]:
    return (
        (
            "the model grows a list while it runs (a loop with a TensorArray, or a recurrent layer of "
            "open length), which TFLite cannot"
        ),
        "fix the number of steps: give the sequence axis a size, or unroll the layer",
    )


def _no_samples(_found: re.Match[str], scheme: Scheme) -> tuple[str, str]:
    return (
        f"{scheme} needs representative samples, and there are none",
        "add `dataset` to the spec, with a path to samples like those of the device",
    )


def _dynamic(found: re.Match[str], _scheme: Scheme) -> tuple[str, str]:
    return (
        f"a shape inside the model is not fixed: {printable(found[0])[:_LINE]}",
        (
            "state `inputs.NAME.shape` in the spec, and replace layers whose output size depends on "
            "the data"
        ),
    )


def _in_training(_found: re.Match[str], _scheme: Scheme) -> tuple[str, str]:
    return (
        (
            "train-mode-export: a layer of the model draws random numbers (Dropout or noise), so it "
            "runs in training mode"
        ),
        (
            "build the model so that its layers follow the training argument (no training=True in "
            "a call), and save it anew (edgecheck explain train-mode-export)"
        ),
    )


def _tables(_found: re.Match[str], _scheme: Scheme) -> tuple[str, str]:
    return (
        "the model looks values up in a table (IntegerLookup, StringLookup), which cannot be converted",
        "take the table out of the model, and feed the indices that it gives",
    )


def _memory(_found: re.Match[str], _scheme: Scheme) -> tuple[str, str]:
    return (
        "the converter ran out of memory",
        "convert on a machine with more, or calibrate on fewer samples (--calibrate)",
    )


_KNOWN: Final[tuple[tuple[str, Callable[[re.Match[str], Scheme], tuple[str, str]]], ...]] = (
    (r"MemoryError|bad_alloc|ResourceExhausted|OOM when allocating", _memory),
    (r"Custom ops: ([^\n]+)", _custom),
    (r"TF Select ops: ([^\n]+)", _select),
    (r"captures tensor [^\n]*seed_generator|RngReadAndSkip", _in_training),
    (r"KeyError: [^\n]*LookupTableFind\w*/table_handle", _tables),
    (r"Lowering tensor list ops is failed|requires element_shape to be static", _tensor_lists),
    (r"Quantization (?:to 16x8-bit )?not yet supported for op: '?([\w, ]+)", _unquantizable),
    (r"`?representative_dataset`? must be specified|representative_dataset is required", _no_samples),
    (r"[^\n]*(?:dynamic shape|unknown (?:dimension|shape|rank)|None is only supported)[^\n]*", _dynamic),
)  # fmt: skip
"""Pattern in the words -> what it means; the first that is found counts."""
