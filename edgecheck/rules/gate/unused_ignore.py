"""The rule `unused-ignore`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import clause, plain


@dataclass(frozen=True)
class UnusedIgnore(Rule):
    """The spec ignores a rule that nothing was found for.

    ## What it means
    An entry under `ignore` had no effect in this run. Either the problem it
    excused is gone, or the name in it never matched.

    ## Why it happens
    * The model or the data were repaired and the entry was left behind.
    * The name of the rule is misspelled.
    * The check behind the rule did not run this time.

    ## How edgecheck knows
    After all checks have run, each entry under `ignore` is compared with the
    findings it took out of the verdict. Those that took out none are
    reported.

    ## How to fix
    Delete the entry. Left in place it would hide the same problem without a
    word when it comes back:

        ignore:
          - {rule: parity-loss, reason: "..."}    # delete this line

    If it is misspelled, `edgecheck rules` lists the names.

    ## References
    * mypy documentation, "--warn-unused-ignores", and ruff's rule RUF100
      (unused-noqa): the same guard for comments that silence a checker.
    * https://github.com/astral-sh/ruff/pull/15084
    """

    name = "unused-ignore"
    severity = "warning"
    role = "note"

    rule: str
    """The name in the entry."""
    reason: str
    """The reason in the entry."""

    def message(self) -> str:
        """What was found, with its numbers."""
        return (
            f'The spec ignores "{plain(self.rule)}" (reason given: {clause(self.reason)}), but '
            "nothing was found under that name."
        )

    def fix(self) -> str:
        """What to do."""
        return f'Delete the entry for "{plain(self.rule)}" under `ignore` in the spec.'
