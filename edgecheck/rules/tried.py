"""What a trial showed: the facts that rules about a wrong input share."""

from dataclasses import dataclass, field

from edgecheck.rules.wording import Fed, Who, changed_steps, fed_model, fitting_models, model, plain

_SHOWN = 3


def at_once(beside: str) -> str:
    """A sentence about what was changed at the same time; empty where nothing was."""
    return f" It takes two changes at once, the other being {plain(beside, 90)}." if beside else ""


@dataclass(frozen=True)
class Tried:
    """Samples that were run again with one thing, or two, done otherwise."""

    words: str
    """What the model was fed with, as `pictures turned upside down`."""
    samples: int
    right_before: int
    right_after: int
    """How many were right as the spec has it, and with the change."""
    fed: Fed | None = None
    """The only model that was fed so: right is what the other one answers. None: what labels say."""
    names_classes: bool = True
    """Right is a class; else values within 10 dB."""
    beside: str = ""
    """What was changed at the same time, where it took two changes."""
    others: list[str] = field(default_factory=list)
    """Other changes with which as much is right: these samples cannot tell them apart."""
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    """Steps to take out of the spec, and to put in, where steps make the change."""

    def told(self) -> str:
        """What was seen, in sentences."""
        both = f", and {plain(self.beside, 90)}" if self.beside else ""
        change = f"With {plain(self.words, 90)}{both}"
        return f"{change}{self._who()}, {self._counts()}{self._doubt()}"

    def fix(self, otherwise: str) -> str:
        """The steps to write, in a sentence; `otherwise` where no step makes the change."""
        if self.fed is not None:
            return fitting_models(self.fed, self.removed, self.added)
        steps = f"{changed_steps(self.removed, self.added)}."
        return steps if self.removed or self.added else otherwise

    def _who(self) -> str:
        return "" if self.fed is None else f" for {fed_model(self.fed)} alone"

    def _counts(self) -> str:
        if self.fed is None:
            right = "answered rightly" if self.names_classes else "within 10 dB of the true values"
            return (
                f"{self.right_after} of {self.samples} labelled samples are {right}; as the spec "
                f"feeds them, {self.right_before}."
            )
        other: Who = "candidate" if self.fed == "reference" else "reference"
        same = "the class" if self.names_classes else "values within 10 dB of those"
        return (
            f"{self.right_after} of {self.samples} samples get {same} that {model(other)} gives "
            f"them; if both are fed as the spec says, {self.right_before}."
        )

    def _doubt(self) -> str:
        """What does as well, so that these samples do not tell it apart."""
        if not self.others:
            return ""
        shown = " or ".join(plain(words, 90) for words in self.others[:_SHOWN])
        return f" As many are right with {shown}: these samples cannot tell them apart."
