"""The candidate on this host, asked for its outputs."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from shutil import rmtree

import numpy as np

from edgecheck.compare.experiment import Setup, chunk_rows
from edgecheck.compare.stream import blaming
from edgecheck.compare.walk_sessions import Opener, real_outputs
from edgecheck.runtime.discovery import Opened
from edgecheck.runtime.exchange import Exchange, shared_folder
from edgecheck.runtime.job import Kernels
from edgecheck.runtime.session import run_rows
from edgecheck.tensors import Array, Feeds, flat_rows


@dataclass(frozen=True)
class Host:
    """A loaded candidate."""

    opened: Opened
    pages: Exchange

    def answers(self, feeds: Feeds) -> dict[str, Array]:
        """Output name -> real values, float32 (n, elements), for n rows of every input.

        Raises:
            SideFault: the model misbehaved.
        """
        size = self.pages.layout.rows
        count = len(next(iter(feeds.values())))
        parts: list[dict[str, Array]] = []
        for first in range(0, count, size):
            rows = {name: values[first : first + size] for name, values in feeds.items()}
            with blaming("candidate"):
                found = run_rows(self.opened.session, self.pages, rows)
            parts.append({name: flat_rows(values) for name, values in found.outputs.items()})
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@contextmanager
def opened_host(setup: Setup, kernels: Kernels) -> Iterator[Host]:
    """The candidate of a setup, in a process of its own that ends with the context.

    Raises:
        SideFault: a runtime refused it, or it misbehaved.
        RuntimeMissing: no backend works.
    """
    folder = shared_folder()
    with ExitStack() as stack:
        stack.callback(rmtree, folder, ignore_errors=True)
        opener = Opener(setup, folder, stack)
        ports = real_outputs(setup.candidate)
        opened = opener.open(setup.candidate, ports, kernels, preserves=False)
        pages = opener.feeds(chunk_rows(setup))
        with blaming("candidate"):
            opened.session.attach(pages)
        yield Host(opened, pages)
