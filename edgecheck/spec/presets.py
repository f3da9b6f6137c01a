"""Preprocessing presets: what `preprocess_input` of each Keras application does."""

from collections.abc import Mapping
from typing import Literal

PresetMode = Literal["tf", "torch", "caffe", "none"]
"""Keras's own words, for RGB pixels x in 0..255.

tf: x / 127.5 - 1.  torch: x / 255, then ImageNet mean and standard deviation per channel.
caffe: channels reversed to BGR, then the ImageNet mean of each subtracted.  none: x unchanged,
because the network rescales inside itself.
"""

PRESETS: Mapping[str, PresetMode] = {
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
