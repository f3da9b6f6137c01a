"""The rule `check-skipped`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import clause, plain


@dataclass(frozen=True)
class CheckSkipped(Rule):
    """A planned check did not run, and strict mode does not accept that.

    ## What it means
    Without `--strict` a check that cannot run is listed as skipped, with the
    reason, and the verdict rests on the others. With `--strict` it is an
    error: nothing is taken for granted that was not looked at.

    ## Why it happens
    * The spec does not give what the check needs: a dataset, another reference
      than the file itself, labels for more of the samples.
    * There are too few distinct samples to judge by.
    * It does not apply to what the model turned out to be. What neither spec
      nor file has is not planned, and not skipped either.

    ## How edgecheck knows
    Every check of the plan leaves one outcome: passed, failed, skipped or
    crashed. Under `--strict` each skipped one becomes a finding.

    ## How to fix
    Give the check what its reason names, for instance

        model: {reference: model_float.tflite}
        dataset: {path: images/*.png, labels: labels.csv}

    If it cannot apply, accept that in writing, where others can read it:

        ignore:
          - {rule: check-skipped, reason: "no labels exist for this task"}

    or run without `--strict`.

    ## References
    * pytest documentation, "How to use skip and xfail to deal with tests that
      cannot succeed": the same distinction between skipped and passed.
    * https://github.com/pytest-dev/pytest/issues/1364
    """

    name = "check-skipped"
    severity = "error"
    role = "note"

    check: str
    reason: str

    def message(self) -> str:
        """What was found, with its numbers."""
        return f'The check "{plain(self.check)}" did not run: {clause(self.reason)}.'

    def fix(self) -> str:
        """What to do."""
        return "Give the spec what the check lacks, or run without `--strict`."
