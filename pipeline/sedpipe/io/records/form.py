"""The common form of all records: strict, frozen, and tolerant of keys that a later edition adds.

- :class:`Record`: the base class of every model
- :data:`Table`, :data:`Count`, :data:`Name`: types that several models use
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SerializerFunctionWrapHandler, model_serializer

Table: TypeAlias = dict[str, JsonValue]
"""A JSON object whose keys are defined elsewhere, such as the settings of a network, which may be any network."""

Count: TypeAlias = Annotated[int, Field(ge=0, le=2**53)]
"""A number of items."""

Name: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$")]
"""A name of a dataset, a run or a cell, which is also safe as the name of a folder."""


class Record(BaseModel):
    """A JSON object: types are not converted, nan is refused, unknown keys are kept as they are."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", allow_inf_nan=False)

    parts_to_come: ClassVar[frozenset[str]] = frozenset()
    """Keys that are only written once they are known."""

    def as_json(self) -> dict[str, Any]:
        """Return plain values, with the keys in the order in which they are declared."""
        return self.model_dump(mode="json")

    @model_serializer(mode="wrap")
    def _but_parts_to_come(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        plain: dict[str, Any] = handler(self)
        for part in self.parts_to_come - self.model_fields_set:
            plain.pop(part, None)
        return plain
