"""The child process that converts: a request a line on stdin, an answer a line on what was stdout.

    {"tool": "tensorflow 2.21.0"}                  the file was written
    {"missing": "tensorflow"}                      a package is not installed
    {"code": "..."}                                the source would run code
    {"unusable": "..."}                            the source cannot be loaded
    {"reason": "...", "hint": "..."}               the source does not fit the request
    {"words": "..."}                               what the converter or the loader said

Whatever else is printed goes to stderr, which the parent keeps.
"""

import contextlib
import json
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Final

from edgecheck.conversion.request import ConversionRequest, SourceFormat
from edgecheck.conversion.unconvertible import Unconvertible, Unreadable
from edgecheck.runtime.child import answers
from edgecheck.runtime.trained.refusal import CodeRefused

if TYPE_CHECKING:
    from edgecheck.conversion.tensorflow_route import Frozen

TOOLS: Final[Mapping[SourceFormat, str]] = {
    "keras": "tensorflow",
    "saved-model": "tensorflow",
    "onnx": "onnx2tf",
    "tflite": "ai_edge_quantizer",
}
"""What converts each format: names of modules."""
PACKAGES: Final = {"ai_edge_quantizer": "ai-edge-quantizer"}
"""Names on PyPI where they are others."""
_WORDS = 20_000


@dataclass
class Workbench:
    """What has been loaded: it is converted with one scheme after the other."""

    frozen: dict[str, "Frozen"] = field(default_factory=dict)
    """Source and what fixes its shapes -> it, ready."""

    def answer(self, request: ConversionRequest) -> dict[str, str]:
        """Convert, and say what became of it."""
        try:
            request.out.write_bytes(self._converted(request))
        except Unconvertible as error:
            return {"reason": error.reason, "hint": error.hint}
        except Unreadable as error:
            return {"unusable": str(error)[:_WORDS]}
        except CodeRefused as error:
            return {"code": error.reason}
        except ModuleNotFoundError as error:
            return {"missing": PACKAGES.get(error.name or "", error.name or "")}
        except Exception as error:  # noqa: BLE001  (converters raise anything)
            return {"words": "".join(traceback.format_exception_only(error)).strip()[-_WORDS:]}
        return {"tool": _tool(TOOLS[request.format])}

    def _converted(self, request: ConversionRequest) -> bytes:
        if request.format == "tflite":
            from edgecheck.conversion import quantizer_route

            return quantizer_route.convert(request)
        key = request.source_key
        if key not in self.frozen:
            self.frozen[key] = _freeze(request)
        return self.frozen[key].convert(request)


def _freeze(request: ConversionRequest) -> "Frozen":
    folder = mkdtemp()  # in the folder of the run, which removes it
    if request.format == "onnx":
        from edgecheck.conversion import onnx_route

        return onnx_route.freeze(request, folder)
    from edgecheck.conversion import tensorflow_route

    return tensorflow_route.freeze(request, folder)


def _tool(module: str) -> str:
    """Name and version of what converted."""
    package = PACKAGES.get(module, module)
    version = getattr(sys.modules.get(module), "__version__", "")
    if not version:
        with contextlib.suppress(metadata.PackageNotFoundError):
            version = metadata.version(package)
    return f"{package} {version}".strip()


def main() -> None:
    """Entry point of the child."""
    bench = Workbench()
    with answers() as stream:
        for line in sys.stdin:
            stream.write(json.dumps(bench.answer(ConversionRequest.from_json(line))) + "\n")
            stream.flush()
