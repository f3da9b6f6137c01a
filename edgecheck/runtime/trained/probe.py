"""Whether what runs trained models works here."""

import os
import subprocess
import sys

from edgecheck.runtime.backends import TRAINED, Backend, installed_version, is_installed
from edgecheck.runtime.discovery import PROBE_SECONDS, Status

_NEEDED = {"keras": "keras", "saved-model": "tensorflow", "onnx": "onnxruntime, onnx"}
"""Format -> what a child process imports to read it."""


def probe_trained() -> tuple[Status, ...]:
    """Install state of what reads each format, found by importing it in a process of its own."""
    return tuple(_probed(backend) for backend in TRAINED.values())


def _probed(backend: Backend) -> Status:
    if not is_installed(backend):
        missing = f"{backend.package} is not installed"
        return Status(backend.name, None, "missing", missing, backend.install, "reference")
    version = installed_version(backend)
    problem = _complaint(f"import {_NEEDED[backend.name]}")
    if problem:
        return Status(backend.name, version, "broken", problem, backend.install, "reference")
    return Status(backend.name, version, "usable", "", "", "reference")


def _complaint(code: str) -> str:
    """The last line that Python says about an import; empty where it works."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
            env={**os.environ, "KERAS_BACKEND": "tensorflow"},
        )
    except subprocess.TimeoutExpired:
        return f"its import takes more than {PROBE_SECONDS:g} s"
    if done.returncode == 0:
        return ""
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"its import ends with status {done.returncode}"
