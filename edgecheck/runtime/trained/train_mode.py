"""Layers that are wired to training mode, told from what a file says about its graph.

Keras writes the arguments of every call of a layer beside the layer. Whether they still count
depends on the version that loads the file: Keras 2 keeps a fixed `training=True` at inference,
Keras 3 overrules it. Such a file does not say what it computes.
"""

from collections.abc import Iterator
from typing import Any, Final

_DRAWS: Final = frozenset(
    {
        *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
        *("AlphaDropout", "GaussianDropout", "GaussianNoise"),
    }
)
"""Layers that change values at random, unless their rate is 0."""
_STRENGTHS: Final = ("rate", "stddev", "dropout", "recurrent_dropout")
"""Settings by which a layer changes values at random; 0 turns it off."""


def layers_in_training(config: Any) -> Iterator[str]:  # noqa: ANN401  (any JSON)
    """Layers that are called with training=True and behave otherwise in training.

    Preprocessing layers (RandomFlip and the like) have that as their default, and Keras 3 writes
    defaults, too: by themselves they tell nothing.

    Args:
        config: of a Keras model, as in its file.
    """
    for entry in _entries(config):
        if any(_is_in_training(call) for call in _items(entry.get("inbound_nodes"))):
            yield from (_shown(each) for each in _entries(entry) if _depends(each, entry))


def _entries(config: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """Every dictionary that describes an object, outer ones first."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("class_name"), str) and isinstance(value.get("config"), dict):
                yield value
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)


def _is_in_training(call: Any) -> bool:  # noqa: ANN401
    """Whether a call fixes it. Keras 3 writes {"args", "kwargs"}, Keras 2 [[layer, 0, 0, {...}]]."""
    if isinstance(call, dict):
        given = [call.get("kwargs")]
    else:
        given = [part for each in _items(call) for part in [each, *_items(each)]]
    return any(isinstance(each, dict) and each.get("training") is True for each in given)


def _items(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else []


def _depends(entry: dict[str, Any], called: dict[str, Any]) -> bool:
    """Whether a layer, called itself or within another, behaves otherwise in training."""
    name, config = entry["class_name"].rpartition(">")[2], entry["config"]
    if name == "BatchNormalization":
        return config.get("trainable") is not False  # a frozen one keeps its statistics
    if name.startswith("Random") and "layers" in str(entry.get("module") or "layers"):
        return entry is not called
    given = [config[key] for key in _STRENGTHS if key in config]
    numbers = [each for each in given if isinstance(each, int | float)]
    return any(numbers) or (name in _DRAWS and not numbers)


def _shown(entry: dict[str, Any]) -> str:
    return f"{entry['class_name']} {entry['config'].get('name', '')!r}"
