"""An ONNX file by way of onnx2tf, which makes a SavedModel with channels last of it.

For child processes only: onnx2tf and TensorFlow are imported here.
"""

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from edgecheck.conversion import tensorflow_route
from edgecheck.conversion.request import ConversionRequest
from edgecheck.runtime.trained.onnx_file import scan_onnx

_TRIED_ON: Final = "calibration_image_sample_data_20x128x128x3_float32.npy"
"""onnx2tf compares both models on these images while it converts, and fetches them from the
network unless they lie in the working folder."""


def convert(request: ConversionRequest) -> bytes:
    """The .tflite file.

    Raises:
        CodeRefused: the source has operators or weights from elsewhere.
        Unconvertible: the source does not fit the request.
        Exception: the words of onnx2tf or TensorFlow.
    """
    import onnx2tf

    if not request.allow_code:
        scan_onnx(request.source)
    with TemporaryDirectory(dir=request.out.parent) as name:
        folder = Path(name)
        images = np.random.default_rng(0).random((20, 128, 128, 3), np.float32)
        np.save(folder / _TRIED_ON, images)
        source = request.source.absolute()
        os.chdir(folder)
        onnx2tf.convert(
            input_onnx_file_path=str(source),
            output_folder_path=str(folder / "made"),
            output_signaturedefs=True,
            batch_size=1,
            non_verbose=True,
        )
        # What onnx2tf wrote is no longer the user's file, and holds no code of it.
        made = replace(request, source=folder / "made", format="saved-model", signature=None)
        return tensorflow_route.convert(made)
