"""Names and shapes: what of the spec belongs to which input of the source."""

from collections.abc import Sequence

from edgecheck.conversion.unconvertible import Unconvertible


def bind(spec_names: Sequence[str], model_names: Sequence[str]) -> dict[str, str]:
    """Input of the model -> input of the spec: by name, or the only one of either side.

    Raises:
        Unconvertible: the names differ.
    """
    if len(spec_names) == len(model_names) == 1:
        return {model_names[0]: spec_names[0]}
    if set(spec_names) != set(model_names):
        raise Unconvertible(
            f"the source takes the inputs {', '.join(map(repr, model_names))}, the spec describes "
            f"{', '.join(map(repr, spec_names))}",
            "name the inputs of the spec as the source names them",
        )
    return {name: name for name in model_names}


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
        said = "" if sample is None else f", the spec says {_shown(sample)} for a sample"
        raise Unconvertible(
            f"input {name!r} of the source has the shape {_shown(sizes)}{said}",
            "correct the shape in the spec, or export the model with an open batch (None) or 1",
        )
    found = tuple(size for size in fitting[0] if size is not None)
    if len(found) < len(sizes):
        raise Unconvertible(
            f"input {name!r} has the open shape {_shown(sizes)}",
            f"state `inputs.{name}.shape` in the spec: a device needs fixed sizes",
        )
    return found


def _fits(sizes: Sequence[int | None], wanted: Sequence[int | None]) -> bool:
    return len(sizes) == len(wanted) and all(
        have in (None, want) for have, want in zip(sizes, wanted, strict=True)
    )


def _shown(sizes: Sequence[int | None]) -> str:
    return "[" + ", ".join("?" if size is None else str(size) for size in sizes) + "]"
