"""The command line: the commands in the order of their help, and what every one of them does about errors."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Protocol

import typer
from typer.core import TyperGroup

from audit.commands import (
    backtest,
    comparing,
    exploring,
    exporting,
    judging,
    loading,
    margins,
    monitoring,
    outcomes,
    planning,
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


class Formatter(Protocol):
    """What typer writes help with; its own type is private."""

    def section(self, name: str) -> AbstractContextManager[None]:
        """Begin a section."""
        ...

    def write_dl(self, rows: Sequence[tuple[str, str]]) -> None:
        """Write names and what they mean."""
        ...


class BySection(TyperGroup):
    """A group whose help has sections, and every command's first line whole."""

    def format_commands(  # pyright: ignore[reportIncompatibleMethodOverride] - typer's own types are private
        self,
        ctx: typer.Context,  # noqa: ARG002 - part of what is overridden
        formatter: Formatter,
    ) -> None:
        """Write the sections."""
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, (self.commands[name].help or "").partition("\n")[0]) for name in names])


app = typer.Typer(
    name="audit",
    cls=BySection,
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
for subcommand in (outcomes.add, judging.judge, judging.judged, judging.label, outcomes.show):
    outcomes_app.command()(subcommand)

policy_app = typer.Typer(rich_markup_mode=None, invoke_without_command=True, callback=policy.policy)
policy_app.command()(policy.simulate)

SECTIONS: dict[str, dict[str, Callable[..., None] | typer.Typer]] = {
    "From logs to a database": {
        "load": loading.load,
        "status": reporting.status,
        "rejects": reporting.rejects,
        "init": loading.init,
        "rebuild": loading.rebuild,
        "unload": loading.unload,
        "merge": loading.merge,
    },
    "Questions": {
        "report": report.report,
        "compare": comparing.compare,
        "cluster": loading.cluster,
        "query": querying.query,
        "export": exporting.export,
        "sql": reference.sql,
    },
    "Measure": {"sample": sampling.sample, "outcomes": outcomes_app, "backtest": backtest.backtest},
    "Act": {"policy": policy_app, "plan": planning.plan, "monitor": monitoring.monitor},
    "Money": {"reconcile": reconciling.reconcile, "margin": margins.margin},
    "Look up and try": {
        "demo": reporting.demo,
        "notebooks": exploring.notebooks,
        "formats": reference.formats,
        "prices": reference.prices,
    },
}
"""The commands in the order in which somebody comes to need them."""

for commands in SECTIONS.values():
    for name, command in commands.items():
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name, cls=report.ReportCommand if command is report.report else None)(command)


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
