"""The script that a warehouse with the logs makes cells by, for `audit load`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from audit.config import EndpointRule, read_config, with_endpoint
from audit.dialects import DIALECTS, Dialect
from audit.errors import ConfigError, UnknownNameError
from audit.library.asking import path_of

INTO = "audit_cells"
"""The table that a script makes, unless it is to have another name."""


def warehouse_script(
    source: str,
    *,
    dialect: str,
    format: str | None = None,
    map_file: str | Path | None = None,
    columns: Sequence[str] = (),
    into: str = INTO,
    endpoint: str | None = None,
    config: str | Path | None = None,
    db: str | Path | None = None,
) -> str:
    """The script that turns the table `source` of a warehouse into a small table `into`, which `load` takes as Parquet.

    The table holds the records of a `format`, or of a column map, one to a row, in `columns`; NAME:json is one whose
    values are no scalars. With `db`, templates are hashed and endpoints found as in that database.
    """
    from audit.catalog.facts import length_bands
    from audit.handover.script import Order, script
    from audit.handover.table import columns_read
    from audit.readers.mapped import user_map
    from audit.readers.reader import Context
    from audit.readers.registry import find_reader
    from audit.warehouse import Warehouse, new_salt

    if dialect not in DIALECTS:
        raise UnknownNameError("dialect", dialect, DIALECTS, f"there are {', '.join(DIALECTS)}")
    if (format is None) == (map_file is None):
        raise ConfigError("name the format of the table (format), or a column map (map_file), one of the two")
    settings = read_config(path_of(config))
    if db is None:
        salt = new_salt()
    else:
        with Warehouse.read(Path(db)) as warehouse:
            salt, rule = warehouse.setting("salt") or "", warehouse.setting("endpoint_rule")
        if settings.endpoint is None and rule is not None:
            settings = replace(settings, endpoint=EndpointRule.of_stored(rule))
    if endpoint is not None:
        settings = with_endpoint(settings, endpoint)
    reader = find_reader(format) if format is not None else user_map(Path(str(map_file)))
    found = settings.endpoint
    context = Context(salt=salt, metadata_keys=(found.key_text,) if found and found.field == "metadata" else ())
    return script(
        Order(
            dialect=_known(dialect),
            reader=reader,
            source=source,
            columns=columns or columns_read(reader),
            into=into,
            context=context,
            endpoint=found,
            length_bands=length_bands(),
        )
    )


def _known(dialect: str) -> Dialect:
    return next(known for known in DIALECTS if known == dialect)
