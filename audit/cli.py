"""The command line: the commands in the order of their help, and what every one of them does about errors."""

import errno
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
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
from audit.errors import AuditError, visible

INTERRUPTED = 130
"""The exit code of shells for what Ctrl-C has ended."""
UNWRITTEN = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What the system says when it takes no more output; what is written to files has been dealt with by then."""


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
    for closed in [name for name in ("stdin", "stdout", "stderr") if getattr(sys, name) is None]:
        setattr(sys, closed, Path(os.devnull).open("r" if closed == "stdin" else "w"))  # noqa: SIM115 (open as long as the process)
    # What ends it politely (a service manager, a closed terminal) is to leave no copies of exports behind either.
    for name in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(name) != signal.SIG_IGN:  # as nohup leaves it
            signal.signal(name, signal.default_int_handler)
    code = _run()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        code = _unwritten(error)
    # Leaving without the interpreter's teardown: DuckDB's binding reports its own leftovers on standard error there.
    os._exit(code)


def _run() -> int:
    try:
        app()
    except SystemExit as stop:
        code = int(stop.code or 0) if not isinstance(stop.code, str) else ERROR
        return _interrupted() if code == INTERRUPTED else code  # how typer passes a KeyboardInterrupt on
    except AuditError as error:
        print(f"audit: {visible(str(error))}", file=sys.stderr)
        return ERROR
    except OSError as error:
        return _unwritten(error) if error.errno in UNWRITTEN else _unexpected(error)
    except KeyboardInterrupt:
        return _interrupted()
    except RuntimeError as error:
        is_interrupted = str(error) == "Query interrupted"  # how DuckDB passes a KeyboardInterrupt on
        return _interrupted() if is_interrupted else _unexpected(error)
    except Exception as error:  # a bug must not show a traceback full of somebody's data
        return _unexpected(error)
    return 0


def _interrupted() -> int:
    print("audit: interrupted; nothing was changed", file=sys.stderr)
    return INTERRUPTED


def _unwritten(error: OSError) -> int:
    """Say that the rest of the output has gone nowhere, unless nobody wants it any more, as behind `head`."""
    if error.errno != errno.EPIPE:
        with suppress(OSError):
            print(f"audit: the output cannot be written ({error.strerror}); it is cut off", file=sys.stderr, flush=True)
    return ERROR


def _unexpected(error: Exception) -> int:
    if os.environ.get("AUDIT_DEBUG"):
        raise error
    print(f"audit: unexpected {type(error).__name__}: {error}; AUDIT_DEBUG=1 shows where", file=sys.stderr)
    return ERROR
