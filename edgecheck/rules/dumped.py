"""What a dump shows of a mistake: the facts that every such finding carries, whatever its rule."""

from dataclasses import dataclass
from typing import Final, Literal

from edgecheck.rules.base import Rule
from edgecheck.rules.remedies import OTHERWISE, REMEDIES
from edgecheck.rules.wording import count, number, percent, plain

_OUTPUT_REMEDIES: Final = {
    "label-order-or-offset": "Give the application the labels in the order of the model's output.",
    "output-order-changed": "Bind outputs by name, or by their tensor index, never by their place.",
    "output-alias-reuse": "Copy the output after each Invoke(), before the next: `memcpy(kept, "
    "output->data.raw, output->bytes)`. A frame that is not refilled looks alike: dump the input too.",
    "nonfinite-output": "Look for NaN in the input that was fed, for memory that is read before it is "
    "written, and for a division by zero after the model; `edgecheck validate` tells whether the model "
    "itself makes NaN.",
    "kernel-divergence": "The input is not to blame. Run the device with reference kernels, without its "
    "delegate, and with a larger arena; compare the sha256 of the model it has with this file's.",
}
_NONFINITE: Final = "nonfinite"
"""The mistake that is no way of making values: all of it is where it happens."""
_WRITTEN: Final = "other-scaling"
"""The mistake whose words hold its line."""
_PIXEL_BYTES: Final = "uint8-as-int8"
_DIRECT: Final = "q = pixel"
"""Codes that are pixels but for an offset; of other tensors that offset is no cure."""
_QUANTIZED: Final = (
    "The bytes of the pixels were copied into the tensor. To subtract 128 is not enough here: its codes "
    "have another scale, so scale the pixels and quantize them."
)
_MOST_LINES: Final = 4


@dataclass(frozen=True)
class DumpedInput(Rule):
    """A mistake with an input, seen in what a device logged.

    Rules of their own inherit from it; for others it takes the place of the facts of `validate`.
    """

    input: str
    rule: str
    """That the mistake is an instance of."""
    seen_in: Literal["input", "outputs"]
    """What was dumped: the input itself, or only what the model answered."""
    samples: int
    mistakes: list[str]
    """Keys of one mistake, or of two together."""
    words: str
    """What the model is fed, as a phrase."""
    exact_share: float
    """Of values (of an input) or samples (of outputs) that are exactly what the mistake makes."""
    residual: float | None = None
    """Mean deviation that is left, in codes of a quantized input, else relative to the range."""
    lines: list[list[float]] | None = None
    """By channel [scale, offset]: what the device made of a stored value, as fitted to the dump."""
    alike: list[str] | None = None
    """Other mistakes, as phrases, that make the same of these samples."""
    right: str = ""
    """The line of code that is right, in C."""
    hit: list[str] | None = None
    """Ids of samples that it happens to, the first 8; None where it happens to all."""
    samples_hit: int | None = None
    """How many there are of them: the others are right."""

    def message(self) -> str:
        """What was found, with its numbers."""
        if _NONFINITE in self.mistakes:
            where = _hit(self.samples_hit, self.hit, self.samples)
            return f'On the device, input "{plain(self.input)}" gets {self.words}{where}.'
        if self.seen_in == "outputs":
            said = (
                f'The device answers as the model does if input "{plain(self.input)}" gets '
                f"{plain(self.words, 160)}: on {percent(self.exact_share)} of "
                f"{count(self.samples, 'sample')}."
            )
            return said + _alike(self.alike, " Dump the input to decide.")
        fits = f"{percent(self.exact_share)} of the values of {self._compared()} fit"
        said = f'On the device, input "{plain(self.input)}" gets {plain(self.words, 160)}: {fits}.'
        return said + self._lines() + _alike(self.alike, "")

    def fix(self) -> str:
        """What to do."""
        said = REMEDIES.get(self.rule, OTHERWISE)
        if _PIXEL_BYTES in self.mistakes and self.right and not self.right.startswith(_DIRECT):
            said = _QUANTIZED
        return f"{said} Right is `{plain(self.right, 240)}`." if self.right else said

    def _compared(self) -> str:
        if self.samples_hit is None or not self.hit:
            return count(self.samples, "sample")
        shown = ", ".join(plain(each, 60) for each in self.hit[:3])
        more = ", ..." if self.samples_hit > 3 else ""
        return f"{self.samples_hit} of {count(self.samples, 'sample')} ({shown}{more})"

    def _lines(self) -> str:
        if not self.lines or _WRITTEN in self.mistakes:
            return ""
        each = [f"{number(a)} * x {'-' if b < 0 else '+'} {number(abs(b))}" for a, b in self.lines]
        made = ", ".join(dict.fromkeys(each[:_MOST_LINES]))
        return f" As fitted, it makes {made} of a stored value x."


def _hit(amount: int | None, ids: list[str] | None, samples: int) -> str:
    """Which samples are meant; nothing where all are."""
    if amount is None or ids is None or amount == samples:
        return ", in all samples"
    shown = ", ".join(plain(each, 60) for each in ids[:3])
    return f", in {amount} of {count(samples, 'sample')} ({shown}{', ...' if amount > 3 else ''})"


def _alike(others: list[str] | None, end: str) -> str:
    if not others:
        return ""
    shown = ", or ".join(plain(words, 80) for words in others[:3])
    left = len(others) - 3
    more = f", or {left} more" if left > 0 else ""
    return f" The same would come of {shown}{more}.{end}"


@dataclass(frozen=True)
class DumpedOutput(Rule):
    """A mistake with an output, seen in what a device logged."""

    output: str
    rule: str
    samples: int
    mistakes: list[str]
    words: str
    """What the application has in place of the output, as a phrase."""
    exact_share: float
    """Of samples that are what the mistake makes of right answers."""
    scale: float | None = None
    zero_point: float | None = None
    """With which the application must have made real values."""
    alike: list[str] | None = None
    """Mistakes with inputs, as phrases, that make the same."""
    moved: list[list[int]] | None = None
    """[place in the dump, element that is there], where elements moved; the first 32."""
    right: str = ""
    """The line of code that is right, in C."""
    hit: list[str] | None = None
    """Ids of samples that it happens to, the first 8; None where it happens to all."""
    samples_hit: int | None = None
    """How many there are of them."""

    def message(self) -> str:
        """What was found, with its numbers."""
        if _NONFINITE in self.mistakes:
            where = _hit(self.samples_hit, self.hit, self.samples)
            return f'For output "{plain(self.output)}" the application has {self.words}{where}.'
        said = (
            f'For output "{plain(self.output)}" the application has {plain(self.words, 160)}, on '
            f"{percent(self.exact_share)} of {count(self.samples, 'sample')}."
        )
        said += _alike(self.alike, " Dump the input to decide.")
        if not self.moved:
            return said
        pairs = ", ".join(f"{place} holds {element}" for place, element in self.moved[:6])
        return f"{said} Element {pairs}{', ...' if self.moved[6:] else ''}."

    def fix(self) -> str:
        """What to do."""
        if self.rule in _OUTPUT_REMEDIES:
            return _OUTPUT_REMEDIES[self.rule]
        said = "Turn codes into values with the parameters of this tensor"
        return f"{said}: `{plain(self.right, 240)}`." if self.right else f"{said}."
