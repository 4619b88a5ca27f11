"""A category: what an owner sorts aliases by, told by a name and a colour."""

from typing import Literal, get_args
from uuid import UUID

import msgspec

Colour = Literal["red", "orange", "yellow", "green", "teal", "blue", "purple", "grey"]
COLOURS: tuple[Colour, ...] = get_args(Colour)


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """A category, opened."""

    category_id: UUID
    name: str
    colour: Colour


class NewCategory(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner chooses."""

    name: str
    colour: Colour = "grey"


class CategoryPatch(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner changes."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    colour: Colour | msgspec.UnsetType = msgspec.UNSET


class CategoryDetails(msgspec.Struct, frozen=True, array_like=True):
    """What the owner wrote, sealed under the account's data key. New fields go at the end."""

    name: str
    colour: Colour


class CategoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A category as stored."""

    category_id: UUID
    details: bytes
