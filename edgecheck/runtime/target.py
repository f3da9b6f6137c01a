"""What the candidate will run on, put together from the spec, the command line and a profile."""

from dataclasses import dataclass
from pathlib import Path

from edgecheck.runtime.devices import DeviceProfile, load_device
from edgecheck.spec.model import TargetSpec


@dataclass(frozen=True)
class TargetRuntime:
    """A runtime on the device; None stands for any release of it."""

    name: str
    release: str | None


@dataclass(frozen=True)
class Target:
    """A device, a runtime, or both."""

    runtimes: tuple[TargetRuntime, ...]
    """At least one; it is enough that the model loads in one of them."""
    device: DeviceProfile | None = None

    @property
    def custom_operators(self) -> tuple[str, ...]:
        """Custom operators that are registered on the device."""
        return () if self.device is None else self.device.custom_operators


def target_of(section: TargetSpec | None, device: str | None, base: Path) -> Target | None:
    """The target of a run, None if it has none.

    Args:
        section: the spec's `target`; its runtime goes before those of its device, and of another
            device if that has this runtime at all.
        device: name or path given on the command line; goes before the spec's.
        base: folder of the spec, which a path in it is relative to.

    Raises:
        EdgecheckError: the device is unknown, or its profile is no good.
    """
    if device is not None:
        profile: DeviceProfile | None = load_device(device, Path())
    elif section is not None and section.device is not None:
        profile = load_device(section.device, base)
    else:
        profile = None
    listed = () if profile is None else tuple(map(_runtime, profile.runtimes))
    stated = None if section is None or section.runtime is None else _runtime(section.runtime)
    if stated is not None and (device is None or stated.name in {one.name for one in listed}):
        listed = (stated,)
    return Target(listed, profile) if listed else None


def _runtime(text: str) -> TargetRuntime:
    name, _, release = text.partition("==")
    return TargetRuntime(name, release or None)
