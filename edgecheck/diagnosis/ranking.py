"""From findings to causes: ranked, each with what it explains.

How sure a cause is:

* `proven`: an experiment undid it, and the loss went with it.
* `likely`: an error whose evidence speaks for itself, and no experiment speaks against it.
* `suspected`: a warning beside an error, or beside a float model that does not know its task; or an
  experiment undid it, and the loss stayed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, get_args

from edgecheck.chain import StageName
from edgecheck.diagnosis.places import CANDIDATE, PLACES, SYMPTOMS, Effect, Origin
from edgecheck.findings import Cause, Confidence, Finding

_CONFIDENCES: Final = get_args(Confidence)
_ORIGINS: Final = get_args(Origin)
_OF_TRAINED: Final = frozenset(_ORIGINS[: _ORIGINS.index("conversion")])
"""Where that lies what makes a model useless before it is converted."""
_BY_LABELS: Final = frozenset({"class-prior-collapse", "undertrained"})
"""Found by labels that are not met: what they explain is seen in them, also where there is no reference
that a symptom could be about.
"""


@dataclass(frozen=True)
class Scene:
    """What ranking knows besides the findings."""

    sound: frozenset[StageName] = frozenset()
    """Stages that keep parity, as far as the chain was followed."""
    groups: Mapping[str, str] = field(default_factory=dict)
    """Group of channels -> the output that it is a part of."""
    is_apart: bool = False
    """The candidate does not answer as another model, which is not its twin: what is wrong with its
    weights is not in that one."""


@dataclass(frozen=True)
class Ranking:
    """The findings, and the causes among them."""

    findings: tuple[Finding, ...]
    """All, in their order; one that only follows from a cause has become a symptom."""
    causes: tuple[Cause, ...]


_NOWHERE: Final = Scene()


def ranked(findings: Sequence[Finding], scene: Scene = _NOWHERE) -> Ranking:
    """Find the causes, the surest and most basic first, and file everything else under them.

    Those that explain nothing of what is wrong come last, however sure they are.

    What is only suspected is a cause only where there is an error that it may explain, or a float
    model that fails by itself: that is no error of the candidate, and still nobody's wish.

    Args:
        findings: all that count.
        scene: what else is known.
    """
    symptoms = [f for f in findings if f.role == "symptom" and (is_error(f) or _is_own(f))]
    suspects = _suspects(findings, symptoms)
    specific = frozenset(f.rule for f in suspects if PLACES[f.rule].is_specific(f.evidence))
    suspects.sort(key=lambda f: _rank(f, specific, scene))
    heads = {id(finding): _head(finding, suspects) for finding in suspects}
    causes: list[Cause] = []
    idle: list[Cause] = []
    for finding in suspects:
        if heads[id(finding)] is not finding:
            continue
        shown = [f for f in symptoms if may_explain(finding, f, scene)]
        shown += [f for f in suspects if f is not finding and heads[id(f)] is finding]
        if shown or confidence_of(finding) != "suspected" or _needs_no_symptom(finding):
            group = [f for f in suspects if heads[id(f)] is finding]
            place = causes if _explains_any(group, symptoms, scene) else idle
            place.append(_cause(finding, shown))
    told = (replace(f, role="symptom") if heads.get(id(f), f) is not f else f for f in findings)
    return Ranking(tuple(told), (*causes, *idle))


def _explains_any(group: Sequence[Finding], symptoms: Sequence[Finding], scene: Scene) -> bool:
    """Whether a cause, or what follows from it, may bring about what is wrong; what an experiment
    undid in vain does not.

    Errors are asked about, where there are any.
    """
    asked = [symptom for symptom in symptoms if is_error(symptom)] or symptoms
    open_ = [finding for finding in group if finding.refuted is None]
    return any(may_explain(finding, symptom, scene) for finding in open_ for symptom in asked)


def may_explain(cause: Finding, symptom: Finding, scene: Scene = _NOWHERE) -> bool:
    """Whether a cause can bring a symptom about: by what it spoils, its stages and its subject."""
    place, effect = PLACES[cause.rule], effect_of(symptom)
    if effect is None or effect not in place.spoils:
        return False
    if not is_error(symptom) and place.origin not in _OF_TRAINED:
        return False
    if effect in {"labels", "float"} and place.is_of_file and scene.is_apart:
        return False
    if effect in CANDIDATE and place.stages and scene.sound.issuperset(place.stages):
        return False
    return _is_about(cause, symptom, scene)


def effect_of(symptom: Finding) -> Effect | None:
    """What a symptom shows; None for a rule that is none by itself."""
    effect = SYMPTOMS.get(symptom.rule)
    return "float" if effect == "answers" and symptom.subject.kind == "reference" else effect


def is_error(finding: Finding) -> bool:
    """Whether it is an error."""
    return finding.severity == "error"


def _is_own(symptom: Finding) -> bool:
    """Whether a warning shows that the float model itself does not do what it should.

    Not by a collapse: that is a warning where the data explain it.
    """
    return symptom.severity == "warning" and effect_of(symptom) == "labels"


def confidence_of(finding: Finding) -> Confidence:
    """How sure it is that a finding is a cause."""
    if finding.proof is not None:
        return "proven"
    return "likely" if is_error(finding) and finding.refuted is None else "suspected"


def _suspects(findings: Sequence[Finding], symptoms: Sequence[Finding]) -> list[Finding]:
    """The findings that may be causes."""
    own = [f for f in findings if f.role == "cause" and f.subject.kind != "reference"]
    return [f for f in own if is_error(f) or ((symptoms or _needs_no_symptom(f)) and _is_doubt(f))]


def _needs_no_symptom(finding: Finding) -> bool:
    """Whether a doubt is one beside what is known by itself: labels that are missed, or its rival."""
    return finding.rule in _BY_LABELS or PLACES[finding.rule].is_rival(finding.evidence)


def _is_doubt(finding: Finding) -> bool:
    """Whether a finding below an error may be behind wrong outputs."""
    return finding.severity == "warning" and bool(PLACES[finding.rule].spoils)


def _rank(finding: Finding, specific: frozenset[str], scene: Scene) -> tuple[int, ...]:
    """The surest first, then errors, then the most basic, the specific before the general.

    What is proven took an error with it, however grave it looked before; what was undone in vain
    comes behind what nothing speaks against.

    Args:
        finding: a suspect.
        specific: rules of the suspects that say why something is wrong.
        scene: what else is known.
    """
    place = PLACES[finding.rule]
    is_sound = bool(place.stages) and scene.sound.issuperset(place.stages)
    return (
        _CONFIDENCES.index(confidence_of(finding)),
        finding.proof is None and not is_error(finding),
        finding.refuted is not None,
        is_sound,
        _ORIGINS.index(place.origin),
        finding.rule not in specific,
        not specific.isdisjoint(place.follows),
    )


def _head(finding: Finding, suspects: Sequence[Finding]) -> Finding:
    """The cause that a suspect follows from in the end; itself where it follows from none."""
    for place, other in enumerate(suspects):
        if other is finding:
            break
        if _follows(finding, other):
            return _head(other, suspects[:place])
    return finding


def _follows(finding: Finding, other: Finding) -> bool:
    """Whether a suspect is only the consequence of one that is ranked before it, or the same fault.

    What an experiment of its own has proven, or what is seen without an answer, stands by itself,
    and what is only suspected brings nothing about.
    """
    place, is_undone_with_it = PLACES[finding.rule], finding.proof == other.proof
    if other.rule in place.same_as:
        return finding.proof is not None and is_undone_with_it
    is_undone_alone = finding.proof is not None and not is_undone_with_it
    is_known = other.rule in place.follows and not place.stands_alone(finding.evidence)
    return is_known and not is_undone_alone and confidence_of(other) != "suspected"


def _is_about(cause: Finding, symptom: Finding, scene: Scene) -> bool:
    """Whether the two may be about one thing: of two outputs, or of two inputs, they must be."""
    if cause.subject.kind != symptom.subject.kind or cause.subject.kind not in {"input", "output"}:
        return True
    names = {scene.groups.get(f.subject.name, f.subject.name) for f in (cause, symptom)}
    return len(names) == 1


def _cause(finding: Finding, shown: Sequence[Finding]) -> Cause:
    """A finding as a cause, with what it shows as."""
    return Cause(
        rule=finding.rule,
        confidence=confidence_of(finding),
        summary=finding.message,
        fix=finding.fix,
        proof=finding.proof,
        explains=tuple(dict.fromkeys(other.fingerprint for other in shown)),
        refuted=finding.refuted,
    )
