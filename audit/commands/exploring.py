"""The command that hands out the notebooks."""

from pathlib import Path
from typing import Annotated

import typer

from audit.commands.options import DEFAULT_DB, Db, Json


def notebooks(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the notebooks go.")] = Path("notebooks"),
    db: Db = DEFAULT_DB,
    force: Annotated[bool, typer.Option("--force", help="Overwrite notebooks that were run or changed.")] = False,
    as_json: Json = False,
) -> None:
    """Copies of the notebooks, the interactive app and a rollout on a local router, to run and change.

    They read the database that AUDIT_DB names, with the audit.toml beside it, and the bundled demo without it. What
    opens them comes with the extra traffic-audit[notebooks]; the rollout makes its own traffic and needs litellm.
    """
    from shlex import join

    from audit.console.terminal import paragraph, print_json
    from audit.library.notebooks import notebooks as copied

    files = copied(directory, force=force)
    own = ["env", f"AUDIT_DB={db.resolve()}"] if db.is_file() else []
    opening = {
        "notebooks": join([*own, "jupyter", "lab", str(directory)]),
        "app": join([*own, "marimo", "run", str(directory / "explore.py")]),
    }
    if as_json:
        print_json({
            "directory": str(directory),
            "database": str(db.resolve()) if own else None,
            "files": [{"path": str(file.path), "question": file.question} for file in files],
            "open": opening,
        })  # fmt: skip
        return
    for file in files:
        print(f"{file.path}\n  {file.question}")
    where = db if own else "the bundled demo, and on your own database with AUDIT_DB=/path/to/usage.duckdb before them"
    print()
    paragraph(f"Once traffic-audit[notebooks] is installed, these open them on {where}:")
    for command in opening.values():
        print(f"  {command}")
