"""Reading a spec file."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from edgecheck.errors import InputMissing, SpecError, UnusableError
from edgecheck.spec.document import Document, DocumentPath, read_document
from edgecheck.spec.model import Spec
from edgecheck.spec.problems import problems_of
from edgecheck.spec.source import MAX_BYTES


@dataclass(frozen=True)
class LoadedSpec:
    """A spec and the file it came from."""

    spec: Spec
    source: Path
    sha256: str
    """Of the bytes of the file, in hexadecimal."""
    _document: Document = field(repr=False)

    def resolve(self, path: str) -> Path:
        """A path that the spec gives: relative to the spec file, or absolute."""
        return self.source.parent / path

    def position(self, path: DocumentPath) -> str:
        """`file:line:column` of a key, for messages: of the nearest part that the file has."""
        place = self._document.keys[self._document.nearest(path)]
        return f"{self.source}:{place.line}:{place.column}"


def load_spec(path: Path) -> LoadedSpec:
    """Read and check a spec file.

    Raises:
        InputMissing: there is no such file.
        UnusableError: it is a folder or cannot be read.
        SpecError: the spec is wrong; holds every problem, in file order.
    """
    return parse_spec(_read(path), path)


def parse_spec(data: bytes, path: Path) -> LoadedSpec:
    """Check the content of a spec file.

    Args:
        data: the content.
        path: where it is from, or will go.

    Raises:
        SpecError: the spec is wrong; holds every problem, in file order.
    """
    document = read_document(data)
    problems = list(document.problems)
    if document.value is not None:
        try:
            spec = Spec.model_validate(document.value)
        except ValidationError as error:
            problems += problems_of(error, document)
        else:
            if not problems:
                return LoadedSpec(spec, path, hashlib.sha256(data).hexdigest(), document)
    ordered = sorted(problems, key=lambda problem: (problem.line, problem.column))
    raise SpecError(str(path), tuple(ordered))


def _read(path: Path) -> bytes:
    """The bytes of the file, and never much more than a spec may have."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        message = f"no spec at {path}"
        raise InputMissing(
            message,
            hint="Check the path, or let `edgecheck init MODEL` write a first spec.",
        ) from None
    except OSError as error:
        message = f"cannot read the spec {path}: {error.strerror}"
        raise UnusableError(message, hint="Give the path of a readable YAML file.") from None
