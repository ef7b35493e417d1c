"""Exports loaded into a database."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from audit.config import read_config
from audit.errors import ConfigError
from audit.library.asking import path_of
from audit.progress import shown

if TYPE_CHECKING:
    from audit.intake.loading import LoadReport
    from audit.intake.merging import Merged


def load(
    paths: str | Path | Iterable[str | Path] = (),
    *,
    db: str | Path = "usage.duckdb",
    format: str | None = None,
    map_file: str | Path | None = None,
    endpoint: str | None = None,
    config: str | Path | None = None,
    keep_raw: bool = False,
    retry_rejects: bool = False,
    cells_only: bool = False,
    keys: bool = True,
    engine: str = "duckdb",
    master: str | None = None,
    unpack_limit: bool = True,
    progress: bool = False,
) -> "LoadReport":
    """What became of each export: files, folders, globs or addresses, loaded into `db`, which is made where it is not.

    Loading a file again changes nothing. `endpoint` says where the endpoint is: tag:PREFIX, route, prompt_name or
    metadata.KEY. With `retry_rejects` only records rejected before are tried: of `paths`, or of all files without any.
    With `cells_only` no requests are kept, only what they add up to, and a key and the usage of each; without `keys`
    not even that, and no later export may show the same time. The `engine` "spark" loads so, on this machine or on a
    cluster that `master` or SPARK_REMOTE names. A file that cannot be read is no error but listed in `refused`, with
    the reason.
    """
    from audit.config import with_endpoint
    from audit.handover.files import handed_over
    from audit.intake.loading import load as load_exports

    given = [paths] if isinstance(paths, (str, Path)) else list(cast("Iterable[object]", paths))
    if strange := [type(path).__name__ for path in given if not isinstance(path, (str, Path))]:
        raise ConfigError(
            f"paths holds a {strange[0]}; write what is in memory to a file (write_parquet), and name that"
        )
    named = [str(path) for path in given]
    if not named and not retry_rejects:
        raise ConfigError("paths is empty; name the exports to load")
    settings = read_config(path_of(config))
    if endpoint is not None:
        settings = with_endpoint(settings, endpoint)
    if engine not in ("duckdb", "spark"):
        raise ConfigError(f"engine {engine!r}: there are 'duckdb' and 'spark'")
    results = handed_over(named)
    if results and not (format is None and map_file is None and engine == "duckdb" and not retry_rejects):
        raise ConfigError(f"{next(iter(results))}: holds cells, not logs; it is loaded without format, map and engine")
    with shown(not progress) as telling:
        if results:
            from audit.handover.landing import load as load_results

            return load_results(results, Path(db), config=settings, progress=telling)
        if engine == "spark":
            from audit.engines.loading import load as load_on_spark

            return load_on_spark(
                named,
                Path(db),
                master=master,
                config=settings,
                format=format,
                map_file=path_of(map_file),
                keep_raw=keep_raw,
                progress=telling,
            )
        if retry_rejects:
            from audit.intake.retry import retry_rejects as retry

            return retry(named, Path(db), config=settings, format=format, map_file=path_of(map_file), progress=telling)
        return load_exports(
            named,
            Path(db),
            config=settings,
            format=format,
            map_file=path_of(map_file),
            keep_raw=keep_raw,
            unpack_limit=unpack_limit,
            keep="rows" if not cells_only else "keys" if keys else "cells",
            progress=telling,
        )


def merge(
    databases: Iterable[str | Path],
    db: str | Path = "usage.duckdb",
    *,
    config: str | Path | None = None,
    progress: bool = False,
) -> "Merged":
    """What became of databases added up into a new one at `db`, as if all their files had been loaded into it.

    Requests that several of them have count once, in the first. Workloads are fitted anew, on the sum.
    """
    from audit.intake.merging import merge as merge_databases

    paths = [Path(path) for path in databases]
    if not paths:
        raise ConfigError("databases is empty; name those to add up")
    with shown(not progress) as telling:
        return merge_databases(paths, Path(db), config=read_config(path_of(config)), progress=telling)
