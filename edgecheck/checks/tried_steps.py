"""Other ways to feed a model, with which it is clearly more often right."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from edgecheck.checks import inputs, normalization
from edgecheck.checks.evidence import Evidence, NotApplicable, input_subject, output_subject
from edgecheck.checks.lost_steps import left_out
from edgecheck.checks.proofs import better_alone, changes_of, proof_of, restores
from edgecheck.checks.rivals import believed, doubted
from edgecheck.checks.stages import twin_follows
from edgecheck.checks.tried_rules import rule_of
from edgecheck.compare.trials import Trial
from edgecheck.findings import Finding
from edgecheck.rules.wording import Fed


def check(evidence: Evidence) -> Iterator[Finding]:
    """No usual way to scale, turn or order the samples fits a model better than the spec's."""
    is_judged = any(o.labels is not None or o.pair is not None for o in evidence.outputs)
    if not is_judged and not evidence.trials:
        raise NotApplicable("there are neither labels nor a reference")
    found = list(_exchanged_outputs(evidence))
    told = _told_elsewhere(evidence)
    for name in evidence.spec.inputs:
        # What is in `elsewhere` is named by another check, with the trial as its proof.
        elsewhere = {"front-end", "output-order"} | ({"scaling"} if name in told else set())
        found += _of_one_input(evidence, name, elsewhere)
    if evidence.untried and not found:
        raise NotApplicable(evidence.untried)
    yield from found


def _exchanged_outputs(evidence: Evidence) -> Iterator[Finding]:
    """Outputs that agree with the reference crosswise."""
    crosswise = [trial for trial in evidence.trials if trial.change.kind == "output-order"]
    for name in dict.fromkeys(trial.input for trial in crosswise):
        trial = better_alone(evidence, name, "candidate")
        if trial is not None and trial.change.kind == "output-order":
            rule = rule_of(evidence, trial, trial.change)
            if rule is not None:
                subject, proof = output_subject(name), proof_of(trial)
                found = Finding.of(rule, subject, severity="error", proof=proof)
                yield replace(found, role="cause")


def _told_elsewhere(evidence: Evidence) -> set[str]:
    """Inputs whose range other checks find to be wrong."""
    found: list[Finding] = []
    for known in (normalization.check, inputs.check_range):
        with suppress(NotApplicable):
            found += evidence.found_by(known)
    return {f.subject.name for f in found if f.role == "cause" and f.severity == "error"}


def _of_one_input(evidence: Evidence, name: str, elsewhere: set[str]) -> list[Finding]:
    """What one model alone needs, else what labels speak for."""
    lost = left_out(evidence, name)
    # What is wrong for both models is another cause than what one of them has lost.
    own = elsewhere if lost is None else elsewhere - {"scaling"}
    for trial in _alone(evidence, name, is_alike=twin_follows(evidence) and lost is None):
        found = list(_named(evidence, trial, own))
        if found:
            known = {change.kind for change in changes_of(trial)}
            return [*found, *_besides(evidence, name, elsewhere | known)]
    if lost is not None:
        return [lost, *_besides(evidence, name, elsewhere | {"scaling"})]
    best = believed(evidence, name)
    found = [] if best is None else list(_named(evidence, best, elsewhere))
    doubt = None if found else doubted(evidence, name)
    return found if doubt is None else list(_doubted(evidence, doubt, elsewhere))


def _alone(evidence: Evidence, name: str, *, is_alike: bool) -> Iterator[Trial]:
    """What one model alone needs, the worse one first.

    Of models that are alike, one that needs other values was only calibrated for them. A twin may
    answer alike though only the reference scales, too: classes need not depend on it.
    """
    sides: list[Fed] = ["candidate", "reference"]
    if _reference_is_worse(evidence):
        sides.reverse()
    asked: tuple[Fed, ...] = () if is_alike else (*sides, "twin")
    yield from (t for fed in asked if (t := better_alone(evidence, name, fed)) is not None)


def _besides(evidence: Evidence, name: str, known: set[str]) -> Iterator[Finding]:
    """What is wrong for both models besides, where one of them alone needs other steps."""
    both = believed(evidence, name)
    if both is not None and restores(both):
        yield from _named(evidence, both, known)


def _reference_is_worse(evidence: Evidence) -> bool:
    known = [output.labels for output in evidence.outputs if output.labels is not None]
    ours, theirs = (known[0].candidate_accuracy, known[0].reference_accuracy) if known else (0, 0)
    return theirs is not None and theirs < ours


def _named(evidence: Evidence, trial: Trial, elsewhere: set[str]) -> Iterator[Finding]:
    """A cause for each change of a trial."""
    for change in changes_of(trial):
        rule = None if change.kind in elsewhere else rule_of(evidence, trial, change)
        if rule is not None:
            is_proof = trial.fed is not None or restores(trial)
            subject, proof = input_subject(trial.input), proof_of(trial) if is_proof else None
            found = Finding.of(rule, subject, severity="error", proof=proof)
            # What is a note where names are only listed in another order is shown to be wrong.
            yield replace(found, role="cause")


def _doubted(evidence: Evidence, trial: Trial, elsewhere: set[str]) -> Iterator[Finding]:
    """What a trial speaks for, where a dead layer explains as much."""
    for finding in _named(evidence, trial, elsewhere):
        yield replace(finding, severity="warning", proof=None)
