"""An ONNX file by way of onnx2tf, which makes a SavedModel with channels last of it.

For child processes only: onnx2tf and TensorFlow are imported here.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from edgecheck.conversion import tensorflow_route
from edgecheck.conversion.request import ConversionRequest
from edgecheck.conversion.tensorflow_route import Frozen
from edgecheck.conversion.unconvertible import require_package
from edgecheck.runtime.trained.onnx_file import scan_onnx

_TRIED_ON: Final = "calibration_image_sample_data_20x128x128x3_float32.npy"
"""onnx2tf compares both models on these images while it converts, and fetches them from the
network unless they lie in the working folder."""


def freeze(request: ConversionRequest, folder: str) -> Frozen:
    """The source as what TensorFlow converts.

    Args:
        request: its scheme does not matter.
        folder: empty; what is made goes there.

    Raises:
        CodeRefused: the source has operators or weights from elsewhere.
        Unconvertible: the source does not fit the request.
        ModuleNotFoundError, PackageBroken: it cannot be imported.
        Exception: the words of onnx2tf or TensorFlow.
    """
    require_package("onnx2tf")
    import onnx2tf

    if not request.allow_code:
        scan_onnx(request.source)
    frozen, work = Path(folder).absolute() / "frozen", Path(folder).absolute() / "work"
    frozen.mkdir()
    work.mkdir()
    images = np.random.default_rng(0).random((20, 128, 128, 3), np.float32)
    np.save(work / _TRIED_ON, images)
    source, here = request.source.absolute(), Path.cwd()
    os.chdir(work)
    try:
        onnx2tf.convert(
            input_onnx_file_path=str(source),
            output_folder_path=str(work / "made"),
            output_signaturedefs=True,
            batch_size=1,
            non_verbose=True,
        )
    finally:
        os.chdir(here)
    # What onnx2tf wrote is no longer the user's file, and holds no code of it.
    made = replace(request, source=work / "made", format="saved-model", signature=None)
    return tensorflow_route.freeze(made, str(frozen))
