"""Requests without a price: of which models, and which class of their tokens nobody has a price for."""

from typing import NamedTuple

from audit.catalog.models import family_members
from audit.catalog.price_file import TOKEN_CLASSES
from audit.warehouse import Warehouse


class Unpriced(NamedTuple):
    """Requests of one model that have no price, all their tokens, and the classes of tokens that lack one."""

    requests: int = 0
    tokens: int = 0
    classes: tuple[str, ...] = ()


def unpriced(warehouse: Warehouse) -> dict[tuple[str, str], Unpriced]:
    """By (provider_name, model), where there are any; classes in the order of `TOKEN_CLASSES`.

    A request with no token at all is unpriced only where its model has no price whatever: it lacks no class.
    """
    warehouse.add_views("4_")
    return {
        (row["provider_name"], row["model"]): Unpriced(
            row["request_count"], row["token_count"], tuple(name for name in TOKEN_CLASSES if row[f"lacks_{name}"])
        )
        for row in warehouse.frame("select * from unpriced_usage").iter_rows(named=True)
    }


def classes_without_price(warehouse: Warehouse, model: str) -> set[str]:
    """The classes of tokens for want of which requests of a model, or of any snapshot of a family, are unpriced."""
    members = family_members(model)
    return {name for (_, served), each in unpriced(warehouse).items() if served in members for name in each.classes}
