"""Calibration forensics: what the file was calibrated on, where samples or noise show it."""

from collections.abc import Iterator
from contextlib import suppress

from edgecheck import thresholds
from edgecheck.checks import calibration, tables
from edgecheck.checks.evidence import Evidence, NotApplicable
from edgecheck.checks.layers import is_foreign
from edgecheck.checks.parity import has_lost_parity
from edgecheck.checks.proofs import better_alone
from edgecheck.checks.rivals import proven
from edgecheck.compare.forensics import Forensics
from edgecheck.compare.noise import Noise
from edgecheck.findings import Finding, Subject
from edgecheck.rules.base import Rule
from edgecheck.rules.quantization.calibrated_on_noise import CalibratedOnNoise
from edgecheck.rules.quantization.calibrated_on_one_sample import CalibratedOnOneSample


def check(evidence: Evidence) -> Iterator[Finding]:
    """The stored ranges are not those of one sample or of noise.

    It explains what other checks find in the ranges, and is as grave: an error where parity is
    lost or an input does not fit its range, else a note: published files do well with ranges of noise.
    """
    found = evidence.forensics
    if found is None:
        raise NotApplicable("no stored range could be compared with those of samples")
    rule = _explanation(found, evidence)
    if rule is not None:
        is_grave = has_lost_parity(evidence) or _is_unfit(evidence)
        subject = Subject("model", "calibration")
        yield Finding.of(rule, subject, severity="error" if is_grave else "info")


def _is_unfit(evidence: Evidence) -> bool:
    """Whether the range of an input is an error by itself."""
    try:
        return any(finding.severity == "error" for finding in evidence.found_by(calibration.check))
    except NotApplicable:
        return False


def _explanation(found: Forensics, evidence: Evidence) -> Rule | None:
    """The surest one: a sample that is at hand, then noise, then some sample."""
    if _is_named(found):
        return _one_sample(found, found.suspect.sample)
    noise = min(found.noises, key=lambda tried: tried.difference, default=None)
    if noise is not None and _is_noise(noise, found) and not _are_features_raw(evidence):
        return CalibratedOnNoise(
            kind=noise.kind,
            low=noise.low,
            high=noise.high,
            difference=noise.difference,
            between_batches=noise.between,
            own_difference=found.own_difference,
            ends=found.compared,
        )
    is_costly = has_lost_parity(evidence) or _is_costly(evidence)
    is_other = is_foreign(evidence) or _are_steps_wrong(evidence)
    if _is_few(found) and is_costly and not is_other:
        return _one_sample(found, None)
    return None


def _are_features_raw(evidence: Evidence) -> bool:
    """Whether calibration saw standardised features, and the spec does not: those are like noise."""
    with suppress(NotApplicable):
        return any(finding.severity == "error" for finding in evidence.found_by(tables.check))
    return False


def _are_steps_wrong(evidence: Evidence) -> bool:
    """Whether trials show that samples as the spec feeds them are not what calibration saw."""
    return any(
        proven(evidence, name) is not None or better_alone(evidence, name, "candidate") is not None
        for name in evidence.spec.inputs
    )


def _is_named(found: Forensics) -> bool:
    """One sample gives every range, and nothing else comes near."""
    suspect = found.suspect
    others = min(suspect.next_difference, found.own_largest)
    return (
        found.compared >= thresholds.FOSSIL_ENDS
        and suspect.difference <= thresholds.ONE_SAMPLE_DIFFERENCE
        and others >= thresholds.ONE_SAMPLE_FACTOR * thresholds.ONE_SAMPLE_DIFFERENCE
    )


def _is_noise(noise: Noise, found: Forensics) -> bool:
    """Noise gives the ranges; samples do not, nor do they in the units that calibration had.

    Of values that are far too small biases alone make the inner ranges: then anything gives them.
    """
    return (
        found.compared >= thresholds.FOSSIL_ENDS
        and noise.difference <= thresholds.NOISE_DIFFERENCE
        and noise.difference <= thresholds.NOISE_CHANCE * noise.between
        and found.rescaled_difference > thresholds.NOISE_DIFFERENCE
        and noise.difference * thresholds.NOISE_GAIN
        <= min(found.own_difference, found.rescaled_difference)
    )


def _is_few(found: Forensics) -> bool:
    """The ranges are as narrow as those of single samples, and as a set they are like one.

    Not where hardly any sample is as quiet as the range of an input: then it saw others, few or many.
    """
    crowd = found.crowd
    return (
        crowd is not None
        and crowd.ends >= thresholds.CROWD_ENDS
        and crowd.samples >= thresholds.CROWD_SAMPLES
        and crowd.beyond >= thresholds.CROWD_BEYOND
        and crowd.typicality.nearest >= thresholds.CROWD_TYPICAL
        and crowd.typicality.central >= thresholds.CROWD_TYPICAL
        and crowd.inputs_reach >= thresholds.CROWD_TYPICAL
    )


def _is_costly(evidence: Evidence) -> bool:
    """What decides an output has lost more than a soundly calibrated file does."""
    return any(layer.sqnr_db < thresholds.LAYER_SOUND_DB for layer in evidence.walked.decisive)


def _one_sample(found: Forensics, sample: str | None) -> CalibratedOnOneSample:
    return CalibratedOnOneSample(
        sample=sample,
        difference=found.suspect.difference,
        next_difference=found.suspect.next_difference,
        own_largest=found.own_largest,
        beyond=None if found.crowd is None else found.crowd.beyond,
        tensors=found.tensors,
        samples=found.samples,
    )
