"""What a match found, as findings of the rules that they are occurrences of."""

from collections.abc import Sequence
from typing import Final

from edgecheck.findings import Finding, Subject
from edgecheck.matching.explanation import Explanation, Match
from edgecheck.matching.outputs import OutputMistake
from edgecheck.matching.placed import Placed
from edgecheck.matching.reruns import Rerun
from edgecheck.matching.right_code import right_input, right_output
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
_COMPUTED: Final = frozenset({"values", "integers"})
"""Steps whose mistakes a line of code undoes."""


def input_findings(match: Match, receiver: Receiver, samples: int) -> list[Finding]:
    """One finding a mistake of the best explanation of a dumped input."""
    if not match.explanations:
        return []
    best = match.explanations[0]
    alike = [each.words for each in match.explanations[1 : match.tied]]
    return [_input_finding(best, number, receiver, samples, alike)
            for number in range(len(best.mistakes))]  # fmt: skip


def _input_finding(
    found: Explanation, number: int, receiver: Receiver, samples: int, alike: list[str]
) -> Finding:
    mistake = found.mistakes[number]
    is_scaled = mistake.step == "values" and found.lines is not None
    facts = DumpedInput(
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
    return _of_input(facts, is_harmless=mistake.is_harmless)


def nonfinite_finding(receiver: Receiver, samples: int, share: float) -> Finding:
    """An input of which most is NaN or infinite: what was meant to be there cannot be told."""
    facts = DumpedInput(
        input=receiver.name,
        rule="inputs-nonfinite",
        seen_in="input",
        samples=samples,
        mistakes=["nonfinite"],
        words="values that are NaN or infinite",
        exact_share=share,
    )
    return _of_input(facts, is_harmless=False)


def rerun_finding(found: Sequence[Rerun], receiver: Receiver, samples: int) -> Finding:
    """A mistake with an input that only the outputs show; the others make the same outputs."""
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
    return _of_input(facts, is_harmless=all(each.suspect.is_harmless for each in found))


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
