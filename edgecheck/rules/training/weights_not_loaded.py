"""The rule `weights-not-loaded`."""

from dataclasses import dataclass, field

from edgecheck.rules.base import Rule
from edgecheck.rules.wording import count, listed


@dataclass(frozen=True)
class WeightsNotLoaded(Rule):
    """The weights are those of a new model: not trained, or not loaded.

    ## What it means
    Every layer holds random numbers as an initializer draws them, and every
    bias is 0. The model answers about the same for every input, or by chance,
    and differently after each export. Conversion is not at fault.

    ## Why it happens
    * The model was built again for export, and its weights were not loaded, or
      were loaded into another model of the same shape.
    * `load_weights` with `by_name` or `expect_partial` matched nothing.
    * A model of random weights, made to measure speed, was taken for another.

    ## How edgecheck knows
    Every bias is exactly 0 (batch normalization that was never trained folds
    to 0 too), or 1 in the forget gates of an LSTM, and the weights of each
    layer are evenly distributed up to the limit that Keras' uniform
    initializers give a layer of its shape, by the Kolmogorov-Smirnov test,
    with room for the steps of 8 bits; the largest weight lies at that limit,
    and all layers together pass the test, too. A recurrent kernel may be
    orthogonal instead. Training changes both at once. It looks at layers of
    200 weights and more, or, if there are fewer than two of them, of 32 and
    more that have 400 together. At least two must be so, and none may differ.

    A layer whose weights are all 0 is named too, if it adds no bias either:
    it gives the same for every input. That is an error if no layer has any
    weight, whatever the biases, and else a warning.

    ## How to fix
    Load the weights before the export, and look at what was loaded:

        status = model.load_weights(path)    # no expect_partial()
        model.evaluate(test_data)            # before converting

    ## References
    * https://github.com/amir-abdi/keras_to_tensorflow/issues/7
    * https://github.com/tensorflow/tensorflow/issues/27460
    * https://github.com/keras-team/keras/issues/3188
    """

    name = "weights-not-loaded"
    severity = "error"
    role = "cause"

    layers: int
    """Layers that were looked at: all that multiply with constant weights."""
    weights: int
    """How many there are in these; not counted where some are 0."""
    initializers: list[str]
    """Keras' names of those that the layers fit."""
    zero_layers: list[str] = field(default_factory=list)
    """Layers whose weights are all 0, as `CONV_2D 2`."""

    def message(self) -> str:
        """What was found, with its numbers."""
        if self.zero_layers:
            zero, layers = len(self.zero_layers), count(self.layers, "layer")
            return (
                f"All weights of {zero} of {layers} are 0, so that they give the same for every "
                f"input: {listed(self.zero_layers)}."
            )
        return (
            f"The weights were never trained, or not loaded: all {count(self.layers, 'layer')} "
            f"({self.weights} weights) hold what the initializer "
            f"{listed(self.initializers)} draws, and every bias is as it was set."
        )

    def fix(self) -> str:
        """What to do."""
        return (
            "Load the trained weights before the export, and measure the accuracy of the very "
            "model that is then converted."
        )
