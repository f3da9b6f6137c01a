"""How facts are put into words: numbers, ranges, shapes and text that comes from outside.

Names and runtime words come from model files and other processes and may be hostile: they are
shown short, on one line and without control characters.
"""

import math
from collections.abc import Sequence
from typing import Literal

Who = Literal["candidate", "reference"]
"""The .tflite file to be shipped, or the trained model it is compared with."""

REPAIR = "`edgecheck repair SPEC MODEL -o FIXED` tries new ranges without retraining."
"""Ends the fix of whatever calibration alone got wrong."""

Witness = Literal["cut", "fails", "open"]
"""What speaks for the values that calibration recorded, against those of the spec: the candidate, which
cuts values off there, does better than the float model; the float model fails; or nothing tells."""

Fed = Literal["candidate", "reference", "twin"]
"""The only model that a trial feeds with other steps. The twin of the candidate stands for it where
its quantized input cannot hold what they give."""

_SHOWN_NAMES = 6
_SHOWN_SIZES = 8
_SHOWN_STEPS = 4


def plain(text: str, limit: int = 60) -> str:
    """One line of printable characters, at most `limit` of them; `(empty)` if none is left."""
    # Four times the limit leaves room for what is dropped; a longer text is cut in any case.
    spaced = "".join(c if c.isprintable() else " " for c in text[: 4 * limit])
    line = " ".join(spaced.split())
    if len(line) > limit or len(text) > 4 * limit:
        return line[: limit - 3].rstrip() + "..."
    return line or "(empty)"


def clause(text: str) -> str:
    """Longer outside text as the end of a sentence: `plain`, without a full stop of its own."""
    line = plain(text, 240)
    return line if line.endswith("...") else line.rstrip(" .")


def and_more(total: int, shown: int, joint: str = " ") -> str:
    """What follows the first `shown` of a list, as ` and 4 more`; empty where none is left."""
    return f"{joint}and {total - shown} more" if total > shown else ""


def number(value: float) -> str:
    """Four significant digits; whole numbers below a million in full."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else f"{value:+}inity"
    if value == int(value) and abs(value) < 1_000_000:
        return str(int(value))
    return f"{value:.4g}"


def span(bounds: Sequence[float]) -> str:
    """A range [low, high] as `-1 to 1`."""
    low, high = bounds
    return f"{number(low)} to {number(high)}"


_PIXEL_RANGES = ((0, 1), (-1, 1), (-0.5, 0.5), (-128, 127))


def pixel_rescale(bounds: Sequence[float]) -> str:
    """How to bring 8-bit pixels (0 to 255) to the range [low, high], in parentheses.

    Empty where the range is no usual range of pixels: a mean and a deviation made it, which
    cannot be told from its ends.
    """
    low, high = bounds
    if (low, high) not in _PIXEL_RANGES:
        return ""
    step = f"`rescale: {{scale: {(high - low) / 255:.9g}, offset: {low:.9g}}}`"
    return f" (for 8-bit pixels: {step})"


def changed_steps(removed: Sequence[str], added: Sequence[str]) -> str:
    """What to take out of the steps of a spec, and what to put in, without a full stop."""
    taken = f"take {quoted_steps(removed)} out of the spec's steps" if removed else ""
    put = f"put {quoted_steps(added)} {'in its place' if removed else 'into them'}" if added else ""
    if put and not taken:
        put = f"add {quoted_steps(added)} to the spec's steps"
    words = " and ".join(part for part in (taken, put) if part) or "correct the spec's steps"
    return f"{words[0].upper()}{words[1:]}, if training had it so, and do the same on the device"


def quoted_steps(steps: Sequence[str]) -> str:
    """Steps as lines of a spec: `rescale: {scale: 2}` and `to-gray`."""
    shown = " and ".join(f"`{plain(step, 90)}`" for step in steps[:_SHOWN_STEPS])
    return shown + and_more(len(steps), _SHOWN_STEPS)


def tried_range(
    name: str,
    observed: Sequence[float],
    other: Sequence[float],
    tried: Sequence[int],
    fed: Fed | None = None,
) -> str:
    """What a trial of another range than the one that is fed showed, in sentences.

    Args:
        name: of the input.
        observed: the range that is fed.
        other: the range that was tried.
        tried: samples answered rightly with `observed`, with `other`, and samples in all.
        fed: the only model that got the other range; None where labels were asked.
    """
    before, after, samples = tried
    start = f'Input "{plain(name)}" gets values from {span(observed)}. With pixels scaled to '
    if fed is not None:
        return f"{start}{span(other)} for {fed_model(fed)} alone, {agreed_alone(fed, tried)}"
    return (
        f"{start}{span(other)}, {after} of {samples} labelled samples are answered rightly; as the "
        f"spec feeds them, {before}."
    )


_WITNESSES: dict[Witness, str] = {
    "cut": (
        "Cut off there, they meet more labels than the reference does with all of them: that is no "
        "fault of calibration."
    ),
    "fails": (
        "The reference model was not calibrated and fails, too: the steps are suspect, not the "
        "calibration alone."
    ),
    "open": (
        "One of the two is not what training used, and this run does not tell which: the reference "
        "does well, and may still do better with the other values."
    ),
}


def recorded_range(
    name: str, observed: Sequence[float], recorded: Sequence[float], witness: Witness
) -> str:
    """What calibration saw of an input that is fed otherwise, in sentences.

    Args:
        name: of the input.
        observed: the range that is fed.
        recorded: the one that the file was calibrated with.
        witness: what speaks for that.
    """
    return (
        f'Input "{plain(name)}" gets values from {span(observed)}, but the .tflite file was '
        f"calibrated with {span(recorded)}. {_WITNESSES[witness]}"
    )


def fitting_record(recorded: Sequence[float]) -> str:
    """What to do where a file was calibrated with other values than it is fed."""
    return (
        "Look up in the training code which values the model was trained on. If they are "
        f"{span(recorded)}, correct the steps{pixel_rescale(recorded)}; if not, convert again with "
        "a representative dataset that is prepared as training did."
    )


def fed_model(fed: Fed) -> str:
    """What a reader calls the model that was fed alone."""
    return "the float twin of the .tflite model" if fed == "twin" else model(fed)


def agreed_alone(fed: Fed, tried: Sequence[int]) -> str:
    """What feeding one model alone with other steps showed, as the end of a sentence.

    Args:
        fed: that model.
        tried: samples of one class before, after, and in all.
    """
    before, after, samples = tried
    other: Who = "candidate" if fed == "reference" else "reference"
    return (
        f"{after} of {samples} samples get the class that {model(other)} gives them; if both are "
        f"fed as the spec says, {before}."
    )


def fitting_models(fed: Fed, removed: Sequence[str], added: Sequence[str]) -> str:
    """What to do about two models that need other pixels, `fed` being the one the spec does not fit."""
    words = (
        "Convert the model that serves as the reference, or set `model.reference` to the one that "
        "the .tflite file was made from."
    )
    if fed == "reference":
        return words
    steps = changed_steps(removed, added)
    return f"{words} If the .tflite file is right, {steps[0].lower()}{steps[1:]}."


def percent(share: float) -> str:
    """A share as a percentage; one just short of all or of nothing is not rounded to it."""
    if not math.isfinite(share):
        return number(share)
    if 0.999 < share < 1:
        return "more than 99.9%"
    if 0 < share < 0.001:
        return "less than 0.1%"
    return f"{number(float(f'{100 * share:.3g}'))}%"


def only(share: float) -> str:
    """`percent` of a share that is too small: "only" goes with no bound such as "less than"."""
    words = percent(share)
    return words if "than" in words else f"only {words}"


def points(share: float) -> str:
    """A difference of two shares in percentage points, as `3.5 points`."""
    shown = number(float(f"{100 * share:.3g}"))
    return f"{shown} point" if shown == "1" else f"{shown} points"


def count(amount: int, noun: str) -> str:
    """An amount and its noun, as `1 sample` or `3 samples`."""
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"


def shape(sizes: Sequence[int]) -> str:
    """Sizes as `[1, 96, 96, 3]`; those after the eighth are left out."""
    shown = [str(size) for size in sizes[:_SHOWN_SIZES]]
    return f"[{', '.join(shown + ['...'] * (len(sizes) > _SHOWN_SIZES))}]"


def first_operator(operator: str | None) -> str:
    """The first operator that differs, to end a sentence; empty where it could not be told."""
    return "" if operator is None else f"; it begins at operator {plain(operator)}"


def listed(names: Sequence[str]) -> str:
    """Quoted names as `"a", "b" and 4 more`; `none` without any."""
    shown = ", ".join(f'"{plain(name)}"' for name in names[:_SHOWN_NAMES])
    return shown + and_more(len(names), _SHOWN_NAMES) or "none"


def model(who: Who) -> str:
    """What a reader calls the model that the finding is about."""
    return "the .tflite model" if who == "candidate" else "the reference model"


_COMPILED = {
    "edgetpu-custom-op": "the Coral Edge TPU",
    "ethos-u": "an Arm Ethos-U",
    "DISPATCH_OP": "an NPU",
}


def compiled_for(operator: str) -> str:
    """What a file was compiled for whose compiler put this one operator in place of its graph.

    Empty for any other operator.
    """
    return _COMPILED.get(operator, "")


def refusal(runtime: str, release: str | None, device: str | None, *, is_certain: bool) -> str:
    """`The runtime litert 2.3.0 on my-board will not load the model`.

    Args:
        runtime: its name.
        release: None stands for every release that is known.
        device: where it runs, if that is known.
        is_certain: whether it surely refuses.
    """
    which = f"{plain(runtime)} {plain(release) if release else '(any release)'}"
    where = f" on {plain(device)}" if device else ""
    return f"The runtime {which}{where} {'will' if is_certain else 'may'} not load the model"
