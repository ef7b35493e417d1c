"""Commands that make or change a database or its settings: load, init, rebuild, unload, merge, cluster."""

from pathlib import Path
from typing import Annotated

import typer

from audit.commands.options import CHECK_FAILED, DEFAULT_DB, ERROR, Db, Json, Quiet, Settings
from audit.counting import number_of


def load(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH",
            help="Files, folders, globs, - for standard input, or addresses: s3://, gs://, az://, https://, "
            "postgresql://HOST/DB#TABLE. Credentials come from the environment.",
        ),
    ] = None,
    db: Db = DEFAULT_DB,
    config: Settings = None,
    format: Annotated[
        str | None, typer.Option("--format", help="Read as this format; `audit formats` lists them.")
    ] = None,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="A TOML column map for a CSV, JSONL or Parquet file.")
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", help="Where the endpoint is: tag:PREFIX, route, prompt_name, metadata.KEY."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 3 when a record was rejected that should be a request.")
    ] = False,
    keep_raw: Annotated[bool, typer.Option("--keep-raw", help="Store the text of rejected records.")] = False,
    retry: Annotated[
        bool,
        typer.Option("--retry-rejects", help="Only the records rejected before: of PATH..., or of all files."),
    ] = False,
    cells_only: Annotated[
        bool,
        typer.Option(
            "--cells-only", help="Keep no requests, only what they add up to, and a key and the usage of each."
        ),
    ] = False,
    no_keys: Annotated[
        bool,
        typer.Option("--no-keys", help="With --cells-only: no keys either; no later export may show the same time."),
    ] = False,
    engine: Annotated[
        str, typer.Option(help="duckdb, on this machine, or spark, which keeps cells alone (--cells-only --no-keys).")
    ] = "duckdb",
    master: Annotated[
        str | None,
        typer.Option(help="Of Spark: spark://HOST:7077 or local[*]; SPARK_REMOTE names one behind Spark Connect."),
    ] = None,
    no_unpack_limit: Annotated[
        bool, typer.Option("--no-unpack-limit", help="Load packed files that unpack to more than any log does.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Load exported usage logs; loading a file again changes nothing."""
    from audit.console.loads import complain, print_load
    from audit.console.terminal import print_json
    from audit.library.loading import load as load_exports

    if not paths and not retry:
        raise typer.BadParameter("name the exports to load")
    if format is not None and map_file is not None:
        raise typer.BadParameter("--format and --map both say how a file is read; give one of them")
    if no_keys and not cells_only:
        raise typer.BadParameter("--no-keys is for --cells-only, which keeps keys; give both")
    if cells_only and retry:
        raise typer.BadParameter("--retry-rejects adds rows to loads that have theirs; give it without --cells-only")
    if engine not in ("duckdb", "spark"):
        raise typer.BadParameter(f"--engine {engine}: there are duckdb and spark")
    if engine == "duckdb" and master is not None:
        raise typer.BadParameter("--master is for --engine spark; give both")
    if engine == "spark" and retry:
        raise typer.BadParameter("--retry-rejects needs the rows of a load, which Spark does not bring home")
    report = load_exports(
        paths or (),
        db=db,
        format=format,
        map_file=map_file,
        endpoint=endpoint,
        config=config,
        keep_raw=keep_raw,
        retry_rejects=retry,
        cells_only=cells_only,
        keys=not no_keys,
        engine=engine,
        master=master,
        unpack_limit=not no_unpack_limit,
        progress=not quiet,
    )
    if as_json:
        print_json(report.to_document())
        complain(report)
    else:
        print_load(report)
    if report.refused:
        raise typer.Exit(ERROR)
    if report.failed_checks or (strict and report.total("rejected") > report.total("not_calls")):
        raise typer.Exit(CHECK_FAILED)


def init(
    db: Db = DEFAULT_DB,
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("audit.toml"),
    as_json: Json = False,
) -> None:
    """Write an audit.toml with the endpoints of the database and guesses to confirm."""
    from audit.console.terminal import print_json
    from audit.library.opened import Audit

    count = Audit(db).init(path)
    if as_json:
        print_json({"path": str(path), "endpoints": count})
    else:
        print(f"{path}: {number_of(count, 'endpoint')}; set stakes and graders, confirm task types; `audit rebuild`")


def rebuild(db: Db = DEFAULT_DB, config: Settings = None, as_json: Json = False) -> None:
    """Resolve endpoints, models and prices again after audit.toml changed, without the exports."""
    from audit.console.terminal import print_json
    from audit.library.opened import Audit

    Audit(db).rebuild(config=config)
    if as_json:
        print_json({"db": str(db), "rebuilt": True})
    else:
        print(f"{db}: rebuilt")


def unload(
    file: Annotated[str, typer.Argument(metavar="FILE", help="As `audit status` names it.")],
    db: Db = DEFAULT_DB,
    config: Settings = None,
    as_json: Json = False,
) -> None:
    """Take a file out of the database again."""
    from audit.console.terminal import print_json
    from audit.library.opened import Audit

    count = Audit(db).unload(file, config=config)
    if as_json:
        print_json({"path": file, "records": count})
    else:
        print(f"{file}: {number_of(count, 'record')} taken out")


def merge(
    databases: Annotated[list[Path], typer.Argument(metavar="DB...", help="The databases to add up, oldest first.")],
    db: Db = DEFAULT_DB,
    config: Settings = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Add databases up into a new one, as if all their files had been loaded into it; what several have counts once."""
    from audit.console.loads import print_merge
    from audit.console.terminal import print_json
    from audit.library.loading import merge as merge_databases

    merged = merge_databases(databases, db, config=config, progress=not quiet)
    if as_json:
        print_json(merged.to_document())
    else:
        print_merge(merged)
    if merged.failed_checks:
        raise typer.Exit(CHECK_FAILED)


def cluster(
    refit: Annotated[bool, typer.Option("--refit", help="Fit new rules for all endpoints.")],
    db: Db = DEFAULT_DB,
    as_json: Json = False,
) -> None:
    """Fit the workloads anew, and show how old ones map to new ones."""
    from audit.console.terminal import print_json, print_table
    from audit.library.opened import Audit

    if not refit:
        raise typer.BadParameter("rules are frozen; say --refit to fit them anew")
    moves = Audit(db).cluster()
    if as_json:
        print_json(moves.to_dicts())
    else:
        print_table("Workloads", moves.columns, moves.iter_rows())
