"""Names and shapes: what of the spec belongs to which input of the source."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from edgecheck.conversion.unconvertible import Unconvertible


def bind(
    spec_names: Sequence[str],
    model_names: Sequence[str],
    stated: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Input of the model -> input of the spec: by name, or the only one of either side.

    Args:
        spec_names: inputs of the spec.
        model_names: inputs of the model.
        stated: input of the spec -> its name in the model, where the spec gives it one.

    Raises:
        Unconvertible: the names differ.
    """
    if len(spec_names) == len(model_names) == 1:
        return {model_names[0]: spec_names[0]}
    called = {stated.get(name, name): name for name in spec_names}
    if len(called) != len(spec_names) or set(called) != set(model_names):
        raise Unconvertible(
            f"the source takes the inputs {', '.join(map(repr, model_names))}, the spec describes "
            f"{', '.join(repr(stated.get(name, name)) for name in spec_names)}",
            "name the inputs of the spec as the source names them, or state `reference_name`",
        )
    return {name: called[name] for name in model_names}


def fixed_shape(
    name: str, sizes: Sequence[int | None] | None, sample: Sequence[int] | None
) -> tuple[int, ...]:
    """The shape to convert an input with: a batch of 1, and nothing left open.

    Args:
        name: of the input.
        sizes: of the source, None where one is open; None where even their number is.
        sample: of one sample, as the spec states it; None where it does not.

    Raises:
        Unconvertible: the two do not fit, or a size stays open.
    """
    if sizes is None:
        sizes = (None,) * (1 + len(sample or ()))
    wanted: tuple[int | None, ...] = tuple(sizes[1:] if sample is None else sample)
    fitting = [each for each in ((1, *wanted), wanted) if _fits(sizes, each)]
    if not fitting:
        raise _misfit(name, sizes, sample)
    found = tuple(size for size in fitting[0] if size is not None)
    if len(found) < len(sizes):
        raise Unconvertible(
            f"input {name!r} has the open shape {_shown(sizes)}",
            f"state `inputs.{name}.shape` in the spec: a device needs fixed sizes",
        )
    return found


def _misfit(name: str, sizes: Sequence[int | None], sample: Sequence[int] | None) -> Unconvertible:
    """Why neither one sample nor a batch of 1 fits an input."""
    takes = f"input {name!r} of the source has the shape {_shown(sizes)}"
    if sample is None or _fits(sizes[1:], sample):  # the batch alone is in the way
        return Unconvertible(
            f"{takes}: it takes {sizes[0]} samples at a time, a device gives one",
            "export the model with an open batch (None) or a batch of 1",
        )
    one = sizes if sizes[:1] not in ([None], [1]) and len(sizes) == len(sample) else sizes[1:]
    return Unconvertible(
        f"{takes}, which is {_shown(one)} for a sample; the spec says {_shown(sample)}",
        f"let the steps of the spec give {_shown(one)} and write it as the `shape` of the input; "
        f"or, if the model was trained on {_shown(sample)}, export it with these sizes",
    )


def _fits(sizes: Sequence[int | None], wanted: Sequence[int | None]) -> bool:
    return len(sizes) == len(wanted) and all(
        have in (None, want) for have, want in zip(sizes, wanted, strict=True)
    )


def _shown(sizes: Sequence[int | None]) -> str:
    return "[" + ", ".join("?" if size is None else str(size) for size in sizes) + "]"
