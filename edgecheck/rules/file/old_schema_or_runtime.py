"""The rule `old-schema-or-runtime`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import plain

_SAYS = {
    "schema": "The file has schema version {found}, runtimes read version {needed} only.",
    "runtime": "The file says that it needs runtime {needed}, the spec's target has {found}.",
    "toco": 'The file is quantized to uint8 by TOCO ("{found}"), which TensorFlow has replaced '
    "by {needed}.",
}
_FIX = {
    "schema": "Convert the model again with a current TensorFlow.",
    "runtime": "Update the runtime on the device, or convert with the TensorFlow version of that "
    "runtime.",
    "toco": "Nothing, if the model behaves; else convert it again with a current TensorFlow.",
}


@dataclass(frozen=True)
class OldSchemaOrRuntime(Rule):
    """The file is too old for its readers, or too new for the device.

    ## What it means
    Runtimes read schema version 3 and refuse others. Files of the TOCO
    converter of TensorFlow 1 still run; their uint8 quantization often rests
    on guessed ranges. And a file may need a newer runtime than the device
    has.

    ## Why it happens
    * A model from an old repository was taken as it is.
    * It was quantized with `default_ranges_stats` in place of calibration.
    * The converter on the desk is newer than the runtime on the device.

    ## How edgecheck knows
    It reads the schema version, the description that converters leave (TOCO
    is noted where activations are uint8), and the `min_runtime_version`
    metadata, which is compared with a version in `target.runtime` of the
    spec. It counts TensorFlow's versions, and LiteRT's own start anew: LiteRT
    is not compared.

    ## How to fix
    Convert again from the trained model, or update the runtime.

    ## References
    * https://github.com/tensorflow/tensorflow/issues/24131
    * https://github.com/tensorflow/tensorflow/issues/14642
    * https://github.com/Tencent/PocketFlow/issues/152
      (guessed ranges: every image gets the same class)
    """

    name = "old-schema-or-runtime"
    severity = "warning"
    role = "note"

    kind: Literal["schema", "runtime", "toco"]
    found: str
    needed: str

    def message(self) -> str:
        """What was found, with its numbers."""
        return _SAYS[self.kind].format(found=plain(self.found), needed=plain(self.needed))

    def fix(self) -> str:
        """What to do."""
        return _FIX[self.kind]
