"""Teaches scim2-models the `securityEvents` of RFC 9967 §5, which is younger than the library; it refuses what it does not know."""

from typing import Annotated

from pydantic.fields import FieldInfo
from scim2_models import ComplexAttribute, Mutability, ServiceProviderConfig


class SecurityEvents(ComplexAttribute):
    async_request: Annotated[str | None, Mutability.read_only] = None
    event_uris: Annotated[list[str] | None, Mutability.read_only] = None


def teach() -> None:
    annotation = Annotated[SecurityEvents | None, Mutability.read_only]
    field = FieldInfo.from_annotated_attribute(annotation, None)
    alias = "securityEvents"
    field.alias = field.validation_alias = field.serialization_alias = alias
    ServiceProviderConfig.__annotations__["security_events"] = annotation
    ServiceProviderConfig.__pydantic_fields__["security_events"] = field
    ServiceProviderConfig.model_rebuild(force=True)
