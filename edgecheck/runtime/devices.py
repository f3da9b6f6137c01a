"""Device profiles: what a board can run, read from `configs/devices/NAME.yaml`.

A wheel carries them in its folder `edgecheck/devices/`; a user's own profile is any YAML file.
"""

from importlib import resources
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError

from edgecheck.errors import InputMissing, SpecError, SpecProblem, UnusableError, UsageError
from edgecheck.spec.base import Part, Text
from edgecheck.spec.document import read_document
from edgecheck.spec.model import RUNTIME_PATTERN
from edgecheck.spec.problems import problems_of
from edgecheck.spec.source import MAX_BYTES
from edgecheck.spec.wording import did_you_mean, quoted

_SUFFIXES: Final = (".yaml", ".yml")
_SOURCES: Final = Path(__file__).resolve().parents[2] / "configs" / "devices"
"""Where the profiles are in a checkout of the project."""


class DeviceProfile(Part):
    """One board or chip, as far as its makers have put it in writing."""

    name: Text
    description: Text
    cpu: Text | None = None
    ram_bytes: Annotated[int, Field(ge=1)] | None = None
    """Memory for activations, and on a computer for everything else too."""
    flash_bytes: Annotated[int, Field(ge=1)] | None = None
    """Memory that a microcontroller keeps the model in."""
    is_expandable: bool = False
    """Whether boards with this chip add memory of their own outside it."""
    runtimes: Annotated[
        tuple[Annotated[str, Field(pattern=RUNTIME_PATTERN)], ...], Field(min_length=1)
    ]
    """Runtimes for it, the usual one first: `tflite-runtime==2.5.0`, or a name for any release."""
    custom_operators: tuple[Text, ...] = ()
    """Custom operators that its accelerator or its libraries register."""
    accelerator: Text | None = None
    notes: Text | None = None
    sources: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Where the numbers come from."""

    @property
    def is_microcontroller(self) -> bool:
        """Whether the model is read where it is stored, instead of being loaded into memory."""
        return all(runtime.startswith("tflm") for runtime in self.runtimes)


def device_names() -> list[str]:
    """The names of all profiles that edgecheck brings along, sorted."""
    folder = _folder()
    return sorted(path.stem for path in folder.glob("*.yaml")) if folder.is_dir() else []


def load_device(name: str, base: Path) -> DeviceProfile:
    """The profile of a device.

    Args:
        name: one of `device_names()`, or the path of a YAML file.
        base: the folder that a path is relative to.

    Raises:
        UsageError: there is no such device.
        InputMissing: there is no such file.
        UnusableError: the file cannot be read.
        SpecError: it is no profile; holds every problem, in file order.
    """
    if name.lower().endswith(_SUFFIXES):
        return _read(base / name)
    names = device_names()
    if name not in names:
        raise UsageError(
            f"there is no device {quoted(name)}{did_you_mean(name, names)}",
            hint=f"Choose from {', '.join(names)}; or give the path of a profile of your own, "
            "such as ./my-board.yaml.",
        )
    return _read(_folder() / f"{name}.yaml")


def _folder() -> Path:
    """The profiles in the installed package, or else in the checkout."""
    packaged = Path(str(resources.files("edgecheck") / "devices"))
    return packaged if packaged.is_dir() else _SOURCES


def _read(path: Path) -> DeviceProfile:
    document = read_document(_bytes(path))
    problems: list[SpecProblem] = list(document.problems)
    if document.value is not None:
        try:
            profile = DeviceProfile.model_validate(document.value)
        except ValidationError as error:
            problems += problems_of(error, document, DeviceProfile)
        else:
            if not problems:
                return profile
    ordered = sorted(problems, key=lambda problem: (problem.line, problem.column))
    refusal = SpecError(str(path), tuple(ordered))
    refusal.hint = "The profiles in `configs/devices/` show what one holds."
    raise refusal


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (FileNotFoundError, ValueError):
        raise InputMissing(
            f"no device profile at {path}", hint="Check the path, or give the name of a device."
        ) from None
    except OSError as error:
        raise UnusableError(
            f"cannot read the device profile {path}: {error.strerror}",
            hint="Give the path of a readable YAML file.",
        ) from None
