"""How a step is written in YAML, for parsing and for the JSON Schema."""

from typing import ClassVar

from pydantic import GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from edgecheck.spec.base import Part


class StepPart(Part):
    """Base of all steps."""

    key: ClassVar[str]
    """The step's name in YAML."""
    direct: ClassVar[str] = ""
    """The field that is given directly as the step's value, if any."""

    @model_validator(mode="before")
    @classmethod
    def _from_yaml(cls, written: object) -> object:
        """The fields of a step from any of its written forms."""
        if written == cls.key:
            value = None
        elif isinstance(written, dict) and tuple(written) == (cls.key,):
            value = written[cls.key]
        else:
            return written
        if not cls.direct:
            return {} if value is None else value
        if value is None:
            raise ValueError(f"'{cls.key}' needs a value, as in `- {cls.key}: {cls._example()}`")
        return {cls.direct: value}

    @classmethod
    def _example(cls) -> object:
        """A value for the field that is given directly."""
        return (cls.model_fields[cls.direct].examples or [""])[0]

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of the written forms, in place of that of the fields."""
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        written = cls._written_schema(dict(schema))
        schema.clear()
        schema.update(written)
        return reference

    @classmethod
    def _written_schema(cls, fields: JsonSchemaValue) -> JsonSchemaValue:
        description = fields.pop("description", "")
        fields.pop("title", None)
        value = fields["properties"][cls.direct] if cls.direct else fields
        is_bare = not cls.direct and not fields.get("required")
        if is_bare:
            value = {**value, "type": ["object", "null"]}
        mapping = {
            "type": "object",
            "properties": {cls.key: value},
            "required": [cls.key],
            "additionalProperties": False,
        }
        forms = {"anyOf": [{"const": cls.key}, mapping]} if is_bare else mapping
        return {"description": description, **forms}
