"""What a model costs, as `audit prices` lists it: rows of the table `prices`, bands of one price joined."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from audit.catalog.models import family_members, known_model, plain_name, provider_asked
from audit.catalog.price_file import COLUMNS, read_price_overrides
from audit.catalog.prices import price_rows
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


def price_template(model: str, config: Config, today: date) -> str:
    """A prices.csv for `model`: what is known to hold today at the default tier, and blanks to fill in for the rest."""
    try:
        cards = [card for card in today_card(price_list(model, config), today) if card["tier"] == "default"]
    except AuditError:
        cards = []
    known = cards[-1] if cards else {}
    lines = (
        ["", plain_name(model), "", token_class, "", "", "", str(known.get(token_class) or ""), "contract of ..."]
        for token_class in COMMON
    )
    return "".join(",".join(line) + "\n" for line in (COLUMNS, *lines))


def today_card(rows: Sequence[dict[str, object]], today: date) -> list[dict[str, object]]:
    """What holds on `today`, one row per snapshot, tier and input length, with a column per common token class."""
    cards: dict[tuple[object, ...], dict[str, object]] = {}
    for row in rows:
        if str(row["valid_from"]) <= today.isoformat() and str(row["valid_to"] or "9999") > today.isoformat():
            key = (row["model"], row["service_tier"], row["above_tokens"])
            card = cards.setdefault(key, {"model": key[0], "tier": key[1], "above": key[2]} | dict.fromkeys(COMMON))
            if row["token_class"] in COMMON:
                card[str(row["token_class"])] = f"{Decimal(str(row['usd_per_million'])):f}".rstrip("0").rstrip(".")
    return [cards[key] for key in sorted(cards, key=str)]
