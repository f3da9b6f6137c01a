"""`edgecheck schema spec|report`: JSON Schema for editors and consumers."""

from enum import Enum
from typing import Annotated

import typer


class Document(str, Enum):
    """What there is a schema of."""

    SPEC = "spec"
    REPORT = "report"


def schema(document: Annotated[Document, typer.Argument(help="spec or report")]) -> None:
    """Print the JSON Schema of specs or of reports."""
    import json

    if document is Document.SPEC:
        from edgecheck.spec.schema import spec_schema as make
    else:
        from edgecheck.report.schema import report_schema as make
    typer.echo(json.dumps(make(), indent=2))
