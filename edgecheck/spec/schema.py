"""JSON Schema of the spec, for editors."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from edgecheck.spec.model import Spec


class _Generator(GenerateJsonSchema):
    """Without the titles that pydantic makes up from field names."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002  (pydantic's hook)
        return False


def spec_schema() -> dict[str, Any]:
    """The JSON Schema, draft 2020-12, of the same classes that `load_spec` checks with.

    It knows the form of a spec, and not the few rules that relate several values, such as
    `min` below `max`.
    """
    schema = Spec.model_json_schema(schema_generator=_Generator)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": "edgecheck spec"}
