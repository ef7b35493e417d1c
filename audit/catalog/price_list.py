"""What a model costs, as `audit prices` lists it: rows of the table `prices`, bands of one price joined."""

import re
from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal

from audit.catalog.models import family_members, known_model, plain_name, provider_asked
from audit.catalog.price_file import COLUMNS, TOKEN_CLASSES, read_price_overrides
from audit.catalog.prices import NO_RATE, price_rows
from audit.config import Config
from audit.errors import AuditError

SHOWN = ("model", "service_tier", "token_class", "above_tokens", "valid_from", "valid_to", "usd_per_million", "source")
COMMON = ("input", "cache_read", "output")


def price_list(model: str, config: Config) -> list[dict[str, object]]:
    """One row per snapshot, tier, token class, input length and stretch of days, in dollars per million tokens.

    `above_tokens` is the input length from which a price holds. Raises UnknownNameError for a model nobody knows, and
    AuditError for one that nobody has a price for.
    """
    overrides = read_price_overrides(config.prices_file) if config.prices_file else ()
    known_model(model, [override.model for override in overrides])
    rows = price_rows(
        [(provider_asked(model, name), name) for name in family_members(model)], overrides, config.discount
    )
    if rows.is_empty():
        raise AuditError(
            f"{model}: no price known. Fill in what `audit prices {model} --template > prices.csv` writes, name it in "
            'audit.toml ([prices] file = "prices.csv"), then `audit rebuild`'
        )
    found: list[dict[str, object]] = []
    before: dict[str, object] = {}
    for row in (
        rows.rename({"length_band": "above_tokens"})
        .sort("model", "service_tier", "token_class", "valid_from", "above_tokens")
        .iter_rows(named=True)
    ):
        same = ("model", "service_tier", "token_class", "valid_from", "valid_to", "usd_per_million")
        if not before or any(before[name] != row[name] for name in same):
            found.append({name: row[name] for name in SHOWN})
        before = row
    return found


def price_template(model: str, config: Config, today: date, lacking: Collection[str] = ()) -> str:
    """A prices.csv for `model`: what holds today at the default tier, and blanks to fill in for the rest.

    It has lines for the common classes of tokens, for those that somebody publishes a price of, and for `lacking`, the
    classes that are known to need one; several lines where the price depends on the length of the input.
    """
    try:
        rows = [row for row in _held(price_list(model, config), today) if row["service_tier"] == "default"]
    except AuditError:
        rows = []
    latest = [row for row in rows if row["model"] == rows[-1]["model"]]
    published = {row["token_class"] for row in latest if not re.search(NO_RATE, str(row["source"]))}
    lines = [COLUMNS]
    for token_class in TOKEN_CLASSES:
        if token_class in published.union(COMMON, lacking):
            known = [row for row in latest if row["token_class"] == token_class]
            prices = [(str(row["above_tokens"] or ""), _dollars(row)) for row in known] or [("", "")]
            lines += [
                ("", plain_name(model), "", token_class, above, "", "", price, "contract of ...")
                for above, price in prices
            ]
    return "".join(",".join(line) + "\n" for line in lines)


def today_card(rows: Sequence[dict[str, object]], today: date) -> list[dict[str, object]]:
    """What holds on `today`, one row per snapshot, tier and input length, with a column per common token class."""
    cards: dict[tuple[object, ...], dict[str, object]] = {}
    for row in _held(rows, today):
        key = (row["model"], row["service_tier"], row["above_tokens"])
        card = cards.setdefault(key, {"model": key[0], "tier": key[1], "above": key[2]} | dict.fromkeys(COMMON))
        if row["token_class"] in COMMON:
            card[str(row["token_class"])] = _dollars(row)
    return [cards[key] for key in sorted(cards, key=str)]


def _held(rows: Sequence[dict[str, object]], today: date) -> list[dict[str, object]]:
    day = today.isoformat()
    return [row for row in rows if str(row["valid_from"]) <= day < str(row["valid_to"] or "9999")]


def _dollars(row: dict[str, object]) -> str:
    return f"{Decimal(str(row['usd_per_million'])):f}".rstrip("0").rstrip(".")
