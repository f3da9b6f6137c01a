"""What a match found, as findings of the rules that they are occurrences of."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from edgecheck.findings import Finding, Subject
from edgecheck.match.placed import Placed
from edgecheck.match.reruns import Rerun
from edgecheck.match.right_code import right_input, right_output
from edgecheck.matching.explanation import Explanation, Match
from edgecheck.matching.outputs import OutputMistake
from edgecheck.mistakes.mistake import Receiver
from edgecheck.rules.base import Severity
from edgecheck.rules.catalogue import rule_named
from edgecheck.rules.device.endianness import Endianness
from edgecheck.rules.device.input_cast_without_quantization import InputCastWithoutQuantization
from edgecheck.rules.device.input_cast_wraparound import InputCastWraparound
from edgecheck.rules.device.input_rounding_missing import InputRoundingMissing
from edgecheck.rules.device.input_shifted import InputShifted
from edgecheck.rules.device.input_signedness_offset import InputSignednessOffset
from edgecheck.rules.device.output_alias_reuse import OutputAliasReuse
from edgecheck.rules.device.output_not_dequantized import OutputNotDequantized
from edgecheck.rules.dumped import DumpedInput, DumpedOutput
from edgecheck.tensors import Array

_INPUTS: Final[dict[str, type[DumpedInput]]] = {
    rule.name: rule
    for rule in (
        Endianness,
        InputCastWithoutQuantization,
        InputCastWraparound,
        InputRoundingMissing,
        InputShifted,
        InputSignednessOffset,
    )
}
_OUTPUTS: Final[dict[str, type[DumpedOutput]]] = {
    rule.name: rule for rule in (OutputAliasReuse, OutputNotDequantized)
}
_MOST_MOVED: Final = 32
_MOST_HIT: Final = 8
_MIXED_UP: Final = "other samples than the ids of the dump say"
_NO_NUMBERS: Final = "values that are NaN or infinite"
_WRAPS: Final = "wrap-without-clip"
_COMPUTED: Final = frozenset({"values", "integers"})
"""Steps whose mistakes a line of code undoes."""


def input_findings(
    match: Match, receiver: Receiver, samples: int, part: tuple[list[str], int] | None = None
) -> list[Finding]:
    """One finding a mistake of the best explanation of a dumped input.

    Args:
        match: what was found out.
        receiver: the input.
        samples: compared.
        part: ids and number of the samples that it is about, where it is not all.
    """
    if not match.explanations:
        return []
    best = match.explanations[0]
    alike = [each.words for each in match.explanations[1 : match.tied]]
    # That codes wrapped says more than what pushed them over: it is told first.
    order = sorted(
        range(len(best.mistakes)), key=lambda number: best.mistakes[number].key != _WRAPS
    )
    facts = [_input_facts(best, number, receiver, samples, alike) for number in order]
    if part is not None:
        facts = [replace(each, hit=part[0], samples_hit=part[1]) for each in facts]
    return [
        _of_input(each, is_harmless=best.mistakes[number].is_harmless)
        for number, each in zip(order, facts, strict=True)
    ]


def part_findings(
    match: Match, receiver: Receiver, ids: Sequence[str], rows: Array
) -> list[Finding]:
    """The same of a mistake that happens to the samples of `rows`, bool (n,), alone."""
    part = hit(ids, rows), int(rows.sum())
    return input_findings(match, receiver, len(ids), part)


def _input_facts(
    found: Explanation, number: int, receiver: Receiver, samples: int, alike: list[str]
) -> DumpedInput:
    mistake = found.mistakes[number]
    is_scaled = mistake.step == "values" and found.lines is not None
    return DumpedInput(
        input=receiver.name,
        rule=mistake.rule,
        seen_in="input",
        samples=samples,
        mistakes=[each.key for each in found.mistakes],
        words=mistake.words,
        exact_share=found.exact_share,
        residual=found.residual,
        lines=[list(line) for line in found.lines] if is_scaled and found.lines else None,
        alike=alike or None,
        right=right_input(receiver) if mistake.step in _COMPUTED else "",
    )


def nonfinite_finding(receiver: Receiver, ids: Sequence[str], rows: Array) -> Finding:
    """An input with values that are NaN or infinite: what was meant to be there cannot be told.

    Args:
        receiver: the input.
        ids: of all samples.
        rows: bool (n,): those that have such values.
    """
    facts = DumpedInput(
        input=receiver.name,
        rule="inputs-nonfinite",
        seen_in="input",
        samples=len(ids),
        mistakes=["nonfinite"],
        words=_NO_NUMBERS,
        exact_share=float(rows.mean()),
        hit=hit(ids, rows),
        samples_hit=int(rows.sum()),
    )
    return _of_input(facts, is_harmless=False)


def nonfinite_output_finding(output: Placed, ids: Sequence[str], rows: Array) -> Finding:
    """An output with values that are NaN or infinite, where the host has numbers."""
    facts = DumpedOutput(
        output=output.name,
        rule="nonfinite-output",
        samples=len(ids),
        mistakes=["nonfinite"],
        words=_NO_NUMBERS,
        exact_share=float(rows.mean()),
        hit=hit(ids, rows),
        samples_hit=int(rows.sum()),
    )
    subject = Subject("output", output.name)
    return Finding.of(facts, subject, named=rule_named(facts.rule), severity="error")


def hit(ids: Sequence[str], rows: Array) -> list[str]:
    """The ids of the first of these samples.

    Args:
        ids: of all samples.
        rows: bool (n,): those that are meant.
    """
    return [sample for sample, is_hit in zip(ids, rows, strict=True) if is_hit][:_MOST_HIT]


def mixed_up_input(receiver: Receiver, samples: int, exact_share: float) -> Finding:
    """Right values, of other samples than the ids of the dump say."""
    facts = DumpedInput(
        input=receiver.name,
        rule="output-alias-reuse",
        seen_in="input",
        samples=samples,
        mistakes=["mixed-up"],
        words=_MIXED_UP,
        exact_share=exact_share,
    )
    return _of_input(facts, is_harmless=False)


def mixed_up_output(output: Placed, samples: int) -> Finding:
    """The same of right answers."""
    words = "the answers to other samples than its ids say"
    return output_finding(
        OutputMistake("mixed-up", "output-alias-reuse", words, 1.0), output, samples
    )


def rerun_finding(found: Sequence[Rerun], receiver: Receiver, samples: int) -> Finding:
    """A mistake with an input that only the outputs show: the first; the others make the same."""
    best, *others = found
    facts = DumpedInput(
        input=best.suspect.input,
        rule=best.suspect.rule,
        seen_in="outputs",
        samples=samples,
        mistakes=[best.suspect.key],
        words=best.suspect.words,
        exact_share=best.exact_share,
        alike=[other.suspect.words for other in others] or None,
        right=right_input(receiver),
    )
    return _of_input(facts, is_harmless=best.suspect.is_harmless)


def output_finding(
    found: OutputMistake, output: Placed, samples: int, alike: Sequence[str] = ()
) -> Finding:
    """A mistake with an output; those with inputs in `alike` make the same."""
    facts = DumpedOutput(
        output=output.name,
        rule=found.rule,
        samples=samples,
        mistakes=[found.key],
        words=found.words,
        exact_share=found.exact_share,
        scale=found.scale,
        zero_point=found.zero_point,
        moved=[list(pair) for pair in found.moved[:_MOST_MOVED]] or None,
        alike=list(alike) or None,
        right=right_output(output.port.tensor),
    )
    own = _OUTPUTS.get(found.rule)
    subject = Subject("output", output.name)
    if own is not None:
        return Finding.of(own(**facts.evidence()), subject)
    return Finding.of(facts, subject, named=rule_named(found.rule), severity="error")


def divergence_finding(output: Placed, samples: int, exact_share: float) -> Finding:
    """The device computes something else than the host of the same input."""
    facts = DumpedOutput(
        output=output.name,
        rule="kernel-divergence",
        samples=samples,
        mistakes=["runtime-divergence"],
        words="other answers than the host gives to the very input that was fed",
        exact_share=1.0 - exact_share,
    )
    return Finding.of(
        facts, Subject("output", output.name), named=rule_named(facts.rule), severity="error"
    )


def _of_input(facts: DumpedInput, *, is_harmless: bool) -> Finding:
    subject = Subject("input", facts.input)
    severity: Severity = "info" if is_harmless else "error"
    own = _INPUTS.get(facts.rule)
    if own is not None:
        return Finding.of(own(**facts.evidence()), subject, severity=severity)
    return Finding.of(facts, subject, named=rule_named(facts.rule), severity=severity)
