"""The rule `concat-scale-mismatch`."""

from dataclasses import dataclass
from typing import Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, number, plain

_SAYS = {
    "scales": 'copies codes from "{tensor}" (range of {source} in real values) to "{output}" '
    "(range of {target}) without converting them",
    "lost-branch": 'joins "{tensor}", whose range is {source}, with others into "{output}", whose '
    "range is {target}: few integer codes are left for it",
}
_FIX = {
    "scales": "Convert again with TFLite's converter, which gives both tensors one scale; if "
    "another tool wrote the file, report it there.",
    "lost-branch": "Bring the branches to like ranges before they are joined (divide boxes by the "
    "image size), give them separate outputs, or use 16-bit activations.",
}


@dataclass(frozen=True)
class ConcatScaleMismatch(Rule):
    """Tensors that an operator only copies or joins do not share one scale.

    ## What it means
    RESHAPE, CONCATENATION, MAX_POOL_2D and their like move integer codes
    and do not look at scales. With another scale or zero point behind than
    before them, each value is read as another one. Where a converter did
    join branches correctly, but one has a far smaller range, that one is
    left with few.

    ## Why it happens
    Another tool than TFLite's converter wrote the file; or boxes in pixels
    (0..640) and scores (0..1) meet in one tensor.

    ## How edgecheck knows
    It compares scale and zero point before and behind the operators whose
    kernels copy codes; uint8 CONCATENATION converts, and is left out. A
    difference counts if it moves the end of the range by more than a code;
    it is an error where values read so keep less than 15 dB of SQNR and an
    output shows it.
    A branch is lost with under 5% of the joined range and under 32 codes.

    ## How to fix
    Scale branches alike, and convert with TFLite's converter.

    ## References
    * https://github.com/tensorflow/model-optimization/issues/1053
    * https://github.com/tensorflow/tensorflow/issues/37544
    * https://github.com/ultralytics/ultralytics/issues/1683
    """

    name = "concat-scale-mismatch"
    severity = "warning"
    role = "cause"

    operator: str
    kind: Literal["scales", "lost-branch"]
    tensor: str
    output: str
    tensor_width: float
    """Of its representable range."""
    output_width: float
    pairs: int

    def message(self) -> str:
        """What was found, with its numbers."""
        says = _SAYS[self.kind].format(
            tensor=plain(self.tensor),
            output=plain(self.output),
            source=number(self.tensor_width),
            target=number(self.output_width),
        )
        more = f" ({count(self.pairs - 1, 'other pair')} alike)" if self.pairs > 1 else ""
        return f"Operator {plain(self.operator)} {says}{more}."

    def fix(self) -> str:
        """What to do."""
        return _FIX[self.kind]
