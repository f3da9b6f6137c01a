"""Where the samples stop making a difference inside the float model: layers that are dead, saturated
or vanished.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, TypeAlias

from edgecheck import thresholds
from edgecheck.checks.dead_layers import cuts, is_dead
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.checks.initial_weights import TinyWeights
from edgecheck.checks.trouble import Trouble, blamed_elsewhere, trouble
from edgecheck.compare.signal import LayerSignal, Signal
from edgecheck.findings import Finding, Subject
from edgecheck.rules.base import Severity
from edgecheck.rules.training.dead_activations import DeadActivations
from edgecheck.rules.training.saturated_or_vanished import SaturatedOrVanished

Lost: TypeAlias = Literal["saturated", "vanished"]
_SUBJECT = Subject("model", "signal")


def check(evidence: Evidence) -> Iterator[Finding]:
    """No layer is so still that the output does not depend on the input any more."""
    if evidence.signal is None:
        raise NotApplicable("the float model was not listened to")
    shown = trouble(evidence)
    if other := blamed_elsewhere(evidence, for_sure=True):
        # A single layer may be made for large values.
        if shown.tiny is None or shown.tiny.layers < 2 or not shown.in_float_model:
            raise NotApplicable(f"{other} explains it")
        # Weights are seen without an answer, whatever else is wrong.
        yield Finding.of(_shrunk(shown.tiny), _SUBJECT, severity="warning")
        return
    found = stopped(evidence.signal, shown)
    if found is not None:
        # What is fed wrongly may stop the signal, too: of two suspicions neither is silent.
        yield replace(found, severity="warning") if blamed_elsewhere(evidence) else found


def stopped(signal: Signal, shown: Trouble) -> Finding | None:
    """The layer that stops the signal, as a finding; None where it gets through.

    Args:
        signal: of the float model.
        shown: what that model, and the candidate, show from outside.
    """
    moves = max((each.deviation for each in signal.layers if each.index < 0), default=0.0)
    is_quiet = all(o.deviation < thresholds.VANISHED for o in signal.layers if o.is_output)
    in_trouble = shown.in_float_model or (shown.anywhere and is_quiet)
    for layer in signal.layers if moves > thresholds.STILL else ():
        is_still = layer.deviation <= thresholds.STILL
        rule = _judged(signal, layer, moves, in_trouble=in_trouble)
        if isinstance(rule, DeadActivations) and shown.tiny is not None:
            rule = _lost(signal, layer, moves, "vanished")
        if rule is not None and cuts(signal.layers, layer):
            # A still output needs no label to show that it is wrong.
            severity: Severity = "error" if shown.is_held or is_still else "warning"
            if isinstance(rule, SaturatedOrVanished) and shown.instead:
                rule, severity = replace(rule, instead=shown.instead), "warning"
            return Finding.of(rule, _SUBJECT, severity=severity)
    return None


def _judged(
    signal: Signal, layer: LayerSignal, moves: float, *, in_trouble: bool
) -> DeadActivations | SaturatedOrVanished | None:
    """What is wrong with one layer; None with an input of the model, and where nothing is.

    Args:
        signal: of the whole model.
        layer: of it.
        moves: deviation of the inputs.
        in_trouble: whether the model does not do what it should.
    """
    if layer.index < 0 or not (in_trouble or layer.deviation <= thresholds.STILL):
        return None
    if is_dead(layer):
        return _dead(signal, layer)
    kind = None if layer.is_output or layer.decides or not in_trouble else _is_lost(layer, moves)
    return _lost(signal, layer, moves, kind) if kind else None


def _lost(signal: Signal, layer: LayerSignal, moves: float, kind: Lost) -> SaturatedOrVanished:
    return SaturatedOrVanished(
        who=signal.who,
        kind=kind,
        operator=layer.op,
        index=layer.index,
        layer=layer.name,
        deviation=layer.deviation,
        input_deviation=moves,
        railed=layer.railed,
        samples=signal.samples,
    )


def _shrunk(tiny: TinyWeights) -> SaturatedOrVanished:
    return SaturatedOrVanished(
        who="candidate",
        kind="shrunk",
        operator=tiny.operator,
        index=tiny.index,
        layer=tiny.name,
        deviation=tiny.passed,
        input_deviation=1.0,
        railed=None,
        samples=0,
    )


def _is_lost(layer: LayerSignal, moves: float) -> Lost | None:
    """How the signal is lost in an inner layer; None where it is not.

    Args:
        layer: any.
        moves: deviation of the inputs of the model.
    """
    if layer.railed is not None and layer.railed >= thresholds.SATURATED:
        return "saturated"
    is_small = layer.deviation < thresholds.VANISHED
    return "vanished" if is_small and layer.deviation * thresholds.VANISHED_FACTOR < moves else None


def _dead(signal: Signal, layer: LayerSignal) -> DeadActivations:
    return DeadActivations(
        who=signal.who,
        operator=layer.op,
        index=layer.index,
        layer=layer.name,
        dead=layer.dead,
        units=layer.units,
        samples=signal.samples,
        is_last=layer.decides,
    )
