"""The user's own prices: contract rates, models the catalogue does not know, tiers it does not publish."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal, get_args

from audit.catalog.facts import catalogue_provider, length_bands
from audit.catalog.models import EARLIEST, model_family, plain_name
from audit.csv_signs import delimiter_of
from audit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Tier = Literal["default", "batch", "flex", "priority", "fast"]
TokenClass = Literal[
    "input", "cache_read", "cache_creation", "cache_creation_1h", "output", "audio_input", "audio_output"
]
TIERS: tuple[Tier, ...] = get_args(Tier)
TOKEN_CLASSES: tuple[TokenClass, ...] = get_args(TokenClass)

COLUMNS = (
    "provider_name", "model", "service_tier", "token_class", "length_band", "valid_from", "valid_to",
    "usd_per_million", "source",
)  # fmt: skip
_REQUIRED = ("model", "token_class", "usd_per_million")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceOverride:
    """One line of prices.csv.

    `provider_name` '' means every provider; `model` is a canonical snapshot, or an alias that means its whole family;
    `length_band` is the band from which the price holds; `valid_to` is exclusive, None: open.
    """

    provider_name: str
    model: str
    service_tier: Tier
    token_class: TokenClass
    length_band: int
    valid_from: date
    valid_to: date | None
    usd_per_million: Decimal
    source: str

    def prices(self, provider_name: str, model: str) -> bool:
        """Whether this line prices the canonical `model` at `provider_name`."""
        found = catalogue_provider(provider_name)
        names = ("", provider_name.lower(), found.id if found else "")
        return self.provider_name in names and self.model in (model, model_family(model))

    def covers(self, day: date) -> bool:
        """Whether this line holds on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """What two lines must not both price on one day."""
        return (self.provider_name, self.model, self.service_tier, self.token_class, self.length_band)


def read_price_overrides(path: Path) -> tuple[PriceOverride, ...]:
    """The lines of a prices.csv, in file order.

    Columns model, token_class and usd_per_million are needed; an empty provider_name means every provider, an empty
    service_tier 'default', an empty length_band every length, empty dates no limit. Raises InputError with file, line
    and value for anything that cannot be used, and for two lines that price the same thing on the same day.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start:,} is not UTF-8; save the file as CSV UTF-8") from error
    reader = csv.DictReader(text.splitlines(), delimiter=delimiter_of(text.partition("\n")[0]))
    header = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = header
    _check_header(header, path)
    taken: dict[tuple[str, str, str, str, int], list[tuple[int, PriceOverride]]] = {}
    overrides: list[PriceOverride] = []
    for row in reader:
        cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
        if not any(cells.values()):
            continue
        line = reader.line_num
        override = _override(cells, f"{path}:{line}")
        for other_line, other in taken.setdefault(override.key, []):
            if _overlap(override, other):
                raise InputError(
                    f"{path}:{line}: prices {override.token_class!r} of {override.model!r} again for days that line "
                    f"{other_line} prices; give valid_from and valid_to that do not overlap"
                )
        taken[override.key].append((line, override))
        overrides.append(override)
    return tuple(overrides)


def price_settings(path: Path | None, discount: Decimal) -> str:
    """What the user's prices are made of, in words that differ whenever they do: the discount and the file's digest."""
    if path is None:
        return f"discount {discount}, no price file"
    try:
        return f"discount {discount}, price file {hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> InputError:
    what = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
    return InputError(f"{path}: {what}; [prices] file of audit.toml names it")


def _check_header(header: Sequence[str], path: Path) -> None:
    for name in _REQUIRED:
        if name not in header:
            raise InputError(f"{path}:1: column {name!r} is missing; the columns are {', '.join(COLUMNS)}")
    for name in header:
        if header.count(name) > 1:
            raise InputError(f"{path}:1: column {name!r} appears twice; keep one")
        if name not in COLUMNS:
            nearest = get_close_matches(name, COLUMNS, n=1)
            advice = f"did you mean {nearest[0]!r}?" if nearest else f"the columns are {', '.join(COLUMNS)}"
            raise InputError(f"{path}:1: unknown column {name!r}; {advice}")


def _override(cells: dict[str, str], where: str) -> PriceOverride:
    if not cells["model"]:
        raise InputError(f"{where}: model is empty; name a snapshot such as 'gpt-4o-2024-08-06', or a family")
    valid_from = _day(cells["valid_from"], f"{where}: valid_from") or EARLIEST
    valid_to = _day(cells["valid_to"], f"{where}: valid_to")
    if valid_to is not None and valid_to <= valid_from:
        raise InputError(
            f"{where}: valid_to {cells['valid_to']!r} is not after valid_from; it is the first day without"
        )
    return PriceOverride(
        provider_name=cells["provider_name"].lower(),
        model=plain_name(cells["model"]),
        service_tier=_tier(cells["service_tier"] or "default", where),
        token_class=_token_class(cells["token_class"], where),
        length_band=_band(cells["length_band"] or "0", where),
        valid_from=valid_from,
        valid_to=valid_to,
        usd_per_million=_price(cells["usd_per_million"], where),
        source=cells["source"] or where,
    )


def _tier(text: str, where: str) -> Tier:
    for tier in TIERS:
        if tier == text.lower():
            return tier
    raise InputError(f"{where}: service_tier {text!r} is not one of {', '.join(TIERS)}")


def _token_class(text: str, where: str) -> TokenClass:
    for token_class in TOKEN_CLASSES:
        if token_class == text.lower():
            return token_class
    raise InputError(f"{where}: token_class {text!r} is not one of {', '.join(TOKEN_CLASSES)}")


def _band(text: str, where: str) -> int:
    for band in length_bands():
        if str(band) == text.replace(",", "").replace("_", ""):
            return band
    bands = ", ".join(str(band) for band in length_bands())
    raise InputError(f"{where}: length_band {text!r} is not one of {bands} (the tokens an input must exceed)")


def _price(text: str, where: str) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0 or price >= 1_000_000:
        raise InputError(f"{where}: usd_per_million {text!r} is not a price; write dollars per million tokens, as 2.50")
    return price


def _day(text: str, what: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError(f"{what} {text!r} is not a date; write it as 2026-01-31") from None


def _overlap(one: PriceOverride, other: PriceOverride) -> bool:
    starts_in_time = other.valid_to is None or one.valid_from < other.valid_to
    return starts_in_time and (one.valid_to is None or other.valid_from < one.valid_to)
