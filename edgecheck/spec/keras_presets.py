"""What `preprocess_input` of each Keras application does."""

from collections.abc import Mapping
from typing import Literal

from edgecheck.spec.image_steps import ChannelOrder
from edgecheck.spec.step_part import StepPart
from edgecheck.spec.value_steps import Normalize, Rescale

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
"""Of RGB in 0..1, as torchvision and Keras round them."""
CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)

Mode = Literal["tf", "torch", "caffe", "none"]
"""Keras's own words, for RGB pixels x in 0..255.

tf: x / 127.5 - 1.  torch: x / 255, then ImageNet mean and standard deviation per channel.
caffe: channels reversed to BGR, then the ImageNet mean of each subtracted.  none: x unchanged,
because the network rescales inside itself.
"""

KERAS_MODES: Mapping[str, Mode] = {
    "keras/convnext": "none",
    "keras/densenet": "torch",
    "keras/efficientnet": "none",
    "keras/efficientnet_v2": "none",
    "keras/inception_resnet_v2": "tf",
    "keras/inception_v3": "tf",
    "keras/mobilenet": "tf",
    "keras/mobilenet_v2": "tf",
    "keras/mobilenet_v3": "none",
    "keras/nasnet": "tf",
    "keras/resnet": "caffe",
    "keras/resnet50": "caffe",
    "keras/resnet_v2": "tf",
    "keras/vgg16": "caffe",
    "keras/vgg19": "caffe",
    "keras/xception": "tf",
}
"""Preset name -> mode: every module of keras.applications that is named after a network."""

MODE_STEPS: Mapping[Mode, tuple[StepPart, ...]] = {
    "tf": (Rescale(scale=1 / 127.5, offset=-1.0),),
    "torch": (Rescale(scale=1 / 255), Normalize(mean=IMAGENET_MEAN, std=IMAGENET_STD)),
    "caffe": (ChannelOrder(order="BGR"), Normalize(mean=CAFFE_MEAN_BGR, std=1.0)),
    "none": (),
}
"""Mode -> the same as plain steps."""


def keras_presets() -> dict[str, tuple[StepPart, ...]]:
    """Preset name -> plain steps, for RGB pixels 0..255 of any size."""
    return {name: MODE_STEPS[mode] for name, mode in KERAS_MODES.items()}
