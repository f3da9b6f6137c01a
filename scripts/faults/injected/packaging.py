"""Files that are no model: what download, version control and packers leave behind."""

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from faults.case import Deployment, Fault

Damage = Callable[[bytes], bytes]


def lfs_pointer(data: bytes) -> bytes:
    """What `git clone` leaves without Git LFS (specification v1)."""
    digest = hashlib.sha256(data).hexdigest()
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(data)}\n"
    return text.encode()


def html_page(_data: bytes) -> bytes:
    """What a server answers where there is no such file."""
    return b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body></body></html>\n"


DAMAGES: Final[dict[str, Damage]] = {
    "truncated": lambda data: data[: len(data) // 2],
    "lfs-pointer": lfs_pointer,
    "html-page": html_page,
    "compressed": zlib.compress,
    "empty": lambda _data: b"",
    "identifier": lambda data: data[:4] + b"TFL2" + data[8:],
    "zeros": lambda data: bytes(len(data)),
}


def _damaged(site: Deployment, _rng: np.random.Generator, *, damage: Damage) -> Deployment:
    out = site.folder / "model.tflite"
    out.write_bytes(damage(Path(site.candidate).read_bytes()))
    return replace(site, candidate=out)


FAULTS = tuple(
    Fault(
        "model-file-invalid",
        "file",
        name,
        partial(_damaged, damage=damage),
        harm="stated",
        touches=frozenset({"candidate"}),
        reason="nothing can load the file",
        stops=True,
    )
    for name, damage in DAMAGES.items()
)
