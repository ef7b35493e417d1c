"""Whether databases can be one: what they were made with, and what nobody could find out about them together."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.errors import ConfigError
from audit.intake.resolve import SETTINGS
from audit.warehouse import Warehouse

TOGETHER = SETTINGS[:-1]
"""What has to be the same; under another catalogue of prices cells are looked at one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A database that is to be merged, as it says of itself."""

    path: Path
    salt: str
    settings: Mapping[str, str]
    """What says how its cells were resolved, as `meta` has it."""
    disputes: str
    is_hashed: bool
    """Whether anything in it depends on its salt: prompts, templates, keys of requests without an id."""
    has_keys: bool
    hash_probe: str
    hash_version: str


def look_at(path: Path) -> Part:
    """What the database at `path` says of itself; DatabaseError where there is none, or of another version."""
    with Warehouse.read(path) as warehouse:
        kept = {key: warehouse.setting(key) for key in SETTING_KEYS}
        return Part(
            path=path,
            salt=warehouse.setting("salt") or "",
            settings={key: value for key, value in kept.items() if value is not None},
            disputes=warehouse.setting("disputes") or "[]",
            is_hashed=any(warehouse.rows(f"select 1 from {hashed} limit 1") for hashed in HASHED),
            has_keys=bool(warehouse.rows("select 1 from request_keys limit 1")),
            hash_probe=warehouse.setting("hash_probe") or "",
            hash_version=warehouse.setting("hash_version") or "",
        )


SETTING_KEYS = ("endpoint_rule", "endpoint_rule_origin", "settings", "price_settings")
HASHED = (
    "request_facts where template_hash is not null or prompt_hash is not null",
    "endpoint_templates",
    "request_keys where content is null",
)


def common_salt(parts: Sequence[Part]) -> str:
    """The salt that the merged database hashes with."""
    return next((part.salt for part in parts if part.is_hashed), parts[0].salt)


def settings_of(parts: Sequence[Part]) -> Mapping[str, str]:
    """The settings that the merged database begins with: those of the first that holds anything."""
    return next((part.settings for part in parts if "settings" in part.settings), parts[0].settings)


def refuse_conflicts(parts: Sequence[Part], probe: str) -> None:
    """ConfigError where cells or keys of two parts do not mean the same; `probe` is what this DuckDB hashes."""
    first, salt = next((part for part in parts if "settings" in part.settings), parts[0]), common_salt(parts)
    for part in parts:
        if part.has_keys and part.hash_probe != probe:
            raise ConfigError(
                f"{part.path}: its keys (--cells-only) were hashed by {part.hash_version}, otherwise than this DuckDB "
                "does; merge with that version, or load its exports anew"
            )
        if part.is_hashed and part.salt != salt:
            other = next(each.path for each in parts if each.is_hashed)
            raise ConfigError(
                f"{other} and {part.path} hashed prompts, templates or requests without an id with different salts, so "
                "that what is the same in both cannot be told. Load the exports into one database, or into several "
                "that were made with the same AUDIT_SALT in the environment"
            )
        if "settings" not in part.settings:  # nothing was ever loaded
            continue
        for name, own, others in zip(TOGETHER, _settings(part), _settings(first), strict=False):
            if own != others:
                raise ConfigError(
                    f"{part.path}: {name}: {_said(own)}, but {_said(others)} in {first.path}. `audit rebuild --db "
                    f"{part.path}` with the audit.toml of the other makes them the same, where its requests are kept"
                )


def _settings(part: Part) -> list[object]:
    return json.loads(part.settings["settings"])


def _said(value: object) -> str:
    return str(value) if value else "none"


def refuse_unseen(warehouse: Warehouse, last_files: Sequence[int]) -> None:
    """ConfigError where two parts show the same time of a source and one kept no keys; parts end with `last_files`."""
    part = f"len(list_filter({list(last_files)}, lambda last: last < {{}}.file_id))"
    rows = warehouse.rows(
        f"""
        select own.path, own.source_format, other.path, other.first_time, other.last_time
        from request_files as own inner join request_files as other
            on own.source_format = other.source_format and own.file_id > other.file_id
            and own.first_time <= other.last_time and own.last_time >= other.first_time
        where (own.kept = 'cells' or other.kept = 'cells') and own.loaded_count > 0 and other.loaded_count > 0
            and {part.format("own")} <> {part.format("other")}
        order by own.file_id, other.file_id limit 1
        """
    )
    for path, source, other, first, last in rows:
        raise ConfigError(
            f"{path} and {other}, of two databases, both show {source} of {first} to {last}, and of one of them no "
            "keys were kept (--no-keys): what both show would count twice. Load them into one database, or with keys"
        )
