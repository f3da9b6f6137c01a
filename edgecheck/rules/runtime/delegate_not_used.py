"""The rule `delegate-not-used`."""

from dataclasses import dataclass

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import clause, plain


@dataclass(frozen=True)
class DelegateNotUsed(Rule):
    """A delegate that should run the model refuses it.

    ## What it means
    The builtin kernels take the model, the delegate does not. Where the
    delegate is applied by default, an interpreter made in the usual way fails
    to load the file. edgecheck ran it with the builtin kernels alone.

    ## Why it happens
    Runtimes apply the delegate XNNPACK by themselves. It is stricter than the
    builtin kernels: it takes, for one, no int8 layer whose output scale is
    256 or more times finer than input scale times weight scale. Calibration
    on a constant or nearly constant output gives such a scale.

    ## How edgecheck knows
    The interpreter was made twice, in processes of their own: as it is by
    default, and with the builtin kernels alone. The runtime's words are in
    the evidence.

    ## How to fix
    Calibrate again on representative samples. Or leave the delegate out where
    the model is deployed:

        Interpreter(path, experimental_op_resolver_type=
            OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)

    ## References
    * https://github.com/tensorflow/tensorflow/issues/45237
    * https://github.com/tensorflow/tensorflow/issues/55448
    """

    name = "delegate-not-used"
    severity = "warning"
    role = "cause"

    delegate: str
    runtime: str
    version: str
    words: str
    """The runtime's own."""

    def message(self) -> str:
        """What was found, with its numbers."""
        runtime = f"{plain(self.runtime)} {plain(self.version)}"
        return (
            f"The runtime {runtime} refuses to load the model with {plain(self.delegate)}, the delegate that "
            f"it applies by default: {clause(self.words)}. With the builtin kernels alone it "
            "loads, so those were used."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            f"Make the interpreter without {plain(self.delegate)} where the model is deployed (in "
            "Python: OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES), or calibrate again: an "
            "output range this much narrower than its inputs allow is seldom meant."
        )
