"""The rule `output-not-dequantized`."""

from dataclasses import dataclass

from edgecheck.rules.dumped import DumpedOutput


@dataclass(frozen=True)
class OutputNotDequantized(DumpedOutput):
    """An output's integer codes are read as values, or with wrong numbers.

    ## What it means
    The output holds codes: real = scale * (code - zero_point). Taken as they
    are, a probability of 0.9 reads as 102, or -26 if the sign is wrong too.
    The largest is still the largest (not with the wrong sign), but
    thresholds, boxes and measured values are wrong.

    ## Why it happens
    * Code for a float model runs on its int8 version.
    * A uint8 output is read through a pointer to int8, or the other way
      round.
    * Scale and zero point were copied from another version of the model, or
      of another tensor.

    ## How edgecheck knows
    `edgecheck match` runs the model on the same samples and compares: the
    dump is the codes themselves, the codes with the other sign, or lies on a
    straight line with the right values, whose slope and offset tell the
    parameters that were used.

    ## How to fix
        float value = output->params.scale *
                      ((int)output->data.int8[i] - output->params.zero_point);

    ## References
    * https://github.com/tensorflow/tflite-support/issues/450
    * https://github.com/ultralytics/yolov5/issues/5304
    * https://github.com/jveitchmichaelis/edgetpu-yolo/issues/9
    """

    name = "output-not-dequantized"
    severity = "error"
    role = "cause"
