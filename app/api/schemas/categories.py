"""Categories over the wire, and what clients send to make and change them. No lookups, no I/O."""

from uuid import UUID

import msgspec

from app.core.categories.model import Category, Colour


class CategoryResource(msgspec.Struct, frozen=True, kw_only=True):
    """A category of aliases."""

    id: UUID
    name: str
    colour: Colour


class NewCategoryBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What POST /categories takes."""

    name: str
    colour: Colour = "grey"


class CategoryPatchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396): what is absent stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    colour: Colour | msgspec.UnsetType = msgspec.UNSET


def category_resource(category: Category) -> CategoryResource:
    """The category as its owner's programs see it."""
    return CategoryResource(id=category.category_id, name=category.name, colour=category.colour)
