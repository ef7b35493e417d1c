"""The command line: the commands in the order of their help, and what every one of them does about errors."""

import os
import sys
from typing import Annotated

import typer

from audit.commands import (
    backtest,
    comparing,
    exploring,
    exporting,
    judging,
    loading,
    margins,
    outcomes,
    policy,
    querying,
    reconciling,
    reference,
    report,
    reporting,
    sampling,
)
from audit.commands.options import ERROR
from audit.errors import AuditError

app = typer.Typer(
    name="audit",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help=(
        "Which of your LLM requests could a cheaper model serve as well? Reads exported usage logs; nothing leaves the "
        "machine."
    ),
)
outcomes_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=outcomes.__doc__)


policy_app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        print(f"audit {version('traffic-audit')}")
        raise typer.Exit


@app.callback()
def _options(  # pyright: ignore[reportUnusedFunction] - typer calls it
    is_version_wanted: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that stand before a command."""


for command in (
    reporting.demo,
    loading.load,
    report.report,
    reporting.status,
    reporting.rejects,
    loading.init,
    loading.rebuild,
    loading.unload,
    loading.merge,
    loading.cluster,
    sampling.sample,
    backtest.backtest,
    exploring.notebooks,
    margins.margin,
    exporting.export,
    comparing.compare,
    reconciling.reconcile,
    reference.formats,
    reference.prices,
    reference.sql,
    querying.query,
):
    app.command(cls=report.ReportCommand if command is report.report else None)(command)
app.add_typer(outcomes_app, name="outcomes")
outcomes_app.command()(outcomes.add)
outcomes_app.command()(judging.judge)
outcomes_app.command()(judging.judged)
outcomes_app.command()(judging.label)
outcomes_app.command()(outcomes.show)

app.add_typer(policy_app, name="policy", callback=policy.policy)
policy_app.command()(policy.simulate)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    code = _run()
    sys.stdout.flush()
    sys.stderr.flush()
    # Leaving without the interpreter's teardown: DuckDB's binding reports its own leftovers on standard error there.
    os._exit(code)


def _run() -> int:
    try:
        app()
    except SystemExit as stop:
        return int(stop.code or 0) if not isinstance(stop.code, str) else ERROR
    except AuditError as error:
        print(f"audit: {error}", file=sys.stderr)
        return ERROR
    except BrokenPipeError:
        return ERROR
    except KeyboardInterrupt:
        print("audit: interrupted; nothing was changed", file=sys.stderr)
        return 130
    except RuntimeError as error:
        if str(error) != "Query interrupted":  # how DuckDB passes a KeyboardInterrupt on
            return _unexpected(error)
        print("audit: interrupted; nothing was changed", file=sys.stderr)
        return 130
    except Exception as error:  # a bug must not show a traceback full of somebody's data
        return _unexpected(error)
    return 0


def _unexpected(error: Exception) -> int:
    if os.environ.get("AUDIT_DEBUG"):
        raise error
    print(f"audit: unexpected {type(error).__name__}: {error}; AUDIT_DEBUG=1 shows where", file=sys.stderr)
    return ERROR
