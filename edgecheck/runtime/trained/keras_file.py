"""Keras files (.keras, .h5), loaded without running what they bring along.

For child processes only: TensorFlow is imported here.
"""

import json
import os
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from edgecheck.runtime.trained.keras_config import MOST_BYTES, scan
from edgecheck.runtime.trained.refusal import CodeRefused
from edgecheck.tflite.names import printable

_CONFIG = "config.json"
_CAUSE = "Exception encountered: "
"""Behind it Keras gives the reason, after the whole configuration of what it could not build."""
_PICKLES = {".npz", ".npy", ".pkl", ".pickle", ".pt", ".pth"}
_UNREADABLE = (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError)
_MOST_NAMED, _LENGTH = 3, 60
_EXPANSION, _ALWAYS_BYTES = 100, 64 << 20
"""Weights hardly compress: an archive that unpacks to more than both is a bomb."""


def load_keras(path: Path, *, allow_code: bool) -> Any:  # noqa: ANN401  (keras.Model)
    """The model of a .keras or .h5 file, not compiled, in the TensorFlow backend.

    Args:
        path: of the file; its suffix says what it is.
        allow_code: run Lambda layers and import modules that the file names.

    Raises:
        CodeRefused: the file would run code.
        ValueError: it holds no whole model, is damaged, or has layers whose code is nowhere; Keras
            raises others, too.
        ImportError: TensorFlow or Keras is not installed.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever the user's environment prefers
    import keras

    try:
        if not allow_code:
            scan_keras(path)
        # Absolute: Keras takes some prefixes (hf://, gs://) for places on the network.
        return keras.models.load_model(str(path.resolve()), compile=False, safe_mode=not allow_code)
    except Exception as error:
        absent = _absent_layers(path, set(dir(keras.layers)) | set(dir(keras.models)))
        if not absent and isinstance(error, TypeError | ValueError):
            raise ValueError(str(error).rpartition(_CAUSE)[2].strip()) from error
        if not absent:
            raise
        raise ValueError(
            f"its layer {' and '.join(absent)} is a custom class, whose code is neither in the file "
            "nor in Keras, so that --allow-code cannot help; export a SavedModel where the model "
            "was made (model.export), which holds the graph itself"
        ) from error


def config_of(path: Path) -> Any:  # noqa: ANN401  (any JSON)
    """The configuration of a file; None where it holds none that can be read."""
    import h5py

    try:
        if path.suffix.lower() == ".keras":
            with zipfile.ZipFile(path) as archive, archive.open(_CONFIG) as member:
                text = member.read(MOST_BYTES)
        else:
            with h5py.File(path, "r") as file:
                text = file.attrs.get("model_config", b"null")
        return json.loads(text)
    except (*_UNREADABLE, KeyError, ValueError, RecursionError):
        return None


def _absent_layers(path: Path, known: set[str]) -> list[str]:
    """Layers of a file without a module to import them from, and of no class that is known."""
    found: dict[str, None] = {}
    waiting = [config_of(path)]
    while waiting and len(found) < _MOST_NAMED:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += reversed(value)
        if isinstance(value, dict):
            layers = value.get("layers")
            inner = [*(layers if isinstance(layers, list) else []), value.get("layer")]
            found |= {_shown(each): None for each in inner if _is_absent(each, known)}
            waiting += reversed(value.values())
    return list(found)[:_MOST_NAMED]


def _is_absent(layer: Any, known: set[str]) -> bool:  # noqa: ANN401
    if not isinstance(layer, dict) or layer.get("module") is not None:
        return False
    name = layer.get("class_name")
    return isinstance(name, str) and name not in known


def _shown(layer: dict[str, Any]) -> str:
    config = layer.get("config")
    name = config.get("name", "") if isinstance(config, dict) else ""
    return printable(f"{name!r} (class {layer['class_name']})")[:_LENGTH]


def scan_keras(path: Path) -> None:
    """Look through a file before Keras does; needs h5py, and no TensorFlow.

    Raises:
        CodeRefused: the file would run code.
        ValueError: it holds no whole model, or is damaged.
    """
    if path.suffix.lower() == ".keras":
        _scan_archive(path)
        return
    import h5py

    try:
        with h5py.File(path, "r") as file:
            config = file.attrs.get("model_config")
            if config is None:
                raise ValueError("it holds weights only: save the whole model with model.save()")
            scan(config)
            _require_own_data(file)
    except OSError as error:
        raise ValueError(f"it is no HDF5 file: {error}") from None


def _scan_archive(path: Path) -> None:
    import h5py

    try:
        with zipfile.ZipFile(path) as archive:
            _require_sane(archive.infolist(), path.stat().st_size)
            if _CONFIG not in archive.namelist():
                raise ValueError(f"it holds no {_CONFIG}")
            if archive.getinfo(_CONFIG).file_size > MOST_BYTES:
                raise ValueError(f"its {_CONFIG} is larger than any model's")
            scan(archive.read(_CONFIG))
            for name in archive.namelist():
                if name.endswith(".h5"):
                    with archive.open(name) as member, h5py.File(member, "r") as file:
                        _require_own_data(file)
    except _UNREADABLE as error:
        raise ValueError(f"it is no readable .keras archive: {error}") from None


def _require_sane(members: list[zipfile.ZipInfo], size: int) -> None:
    """No bomb, no name that leads elsewhere or comes twice, nothing that is unpickled."""
    if len({member.filename for member in members}) != len(members):
        raise ValueError("its archive holds one name twice")
    if sum(member.file_size for member in members) > max(_ALWAYS_BYTES, _EXPANSION * size):
        raise ValueError("its archive unpacks to more than a hundred times its size")
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
            raise CodeRefused(f"its member {member.filename!r} lies outside the archive")
        if name.suffix.lower() in _PICKLES:
            raise CodeRefused(f"its member {member.filename!r} can hold pickled objects")


def _require_own_data(file: Any) -> None:  # noqa: ANN401  (h5py.File)
    """Refuse an HDF5 file whose arrays lie in other files."""
    import h5py

    def look(name: str, item: Any) -> None:  # noqa: ANN401
        if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
            raise CodeRefused(f"its array {name!r} is read from another file")
        if isinstance(item, h5py.Group):
            links = [key for key in item if _leads_out(item.get(key, getlink=True))]
            if links:
                raise CodeRefused(f"its entry {links[0]!r} is read from another file")

    look("/", file)
    file.visititems(look)


def _leads_out(link: object) -> bool:
    import h5py

    return isinstance(link, h5py.ExternalLink)
