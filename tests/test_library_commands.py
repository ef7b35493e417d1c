"""Everything the command line does, the library does: each command and each option has its twin."""

import inspect
from collections.abc import Callable, Iterator

import pytest
import typer

import audit
from audit.cli import app
from audit.library.asking import Asked
from audit.library.outcomes import Outcomes
from audit.library.policies import RoutingPolicy

Twin = Callable[..., object]

TWINS: dict[str, tuple[Twin, ...]] = {
    "demo": (audit.run_demo,),
    "load": (audit.load,),
    "report": (audit.Audit.report, audit.Report.changes),
    "status": (audit.Audit.status,),
    "rejects": (audit.Audit.rejects,),
    "init": (audit.Audit.init,),
    "rebuild": (audit.Audit.rebuild,),
    "unload": (audit.Audit.unload,),
    "merge": (audit.merge,),
    "cluster": (audit.Audit.cluster,),
    "sample": (audit.Audit.sample,),
    "backtest": (audit.Audit.backtest, audit.run_backtest),
    "margin": (audit.Audit.margin,),
    "export": (audit.Audit.export,),
    "compare": (audit.compare, audit.Audit.compare),
    "reconcile": (audit.Audit.reconcile,),
    "formats": (audit.formats, audit.column_map),
    "plan": (audit.Audit.plan,),
    "policy": (audit.Audit.policy, RoutingPolicy.render),
    "policy simulate": (audit.Audit.simulate,),
    "prices": (audit.prices, audit.price_template),
    "notebooks": (audit.notebooks,),
    "sql": (audit.sql_text, audit.warehouse_script),
    "query": (audit.Audit.sql,),
    "monitor": (audit.monitor,),
    "outcomes add": (Outcomes.add, Outcomes.add_answers, Outcomes.add_scores),
    "outcomes judge": (Outcomes.judge,),
    "outcomes judged": (Outcomes.judged,),
    "outcomes label": (Outcomes.label,),
    "outcomes show": (Outcomes.show,),
}
"""Command -> what the library calls it; several where an option is a function of its own."""

OTHERWISE = {
    "db": "the Audit or Outcomes that the method is of",
    "as_json": "the library returns what it prints",
    "quiet": "silent unless progress=True",
    "csv": "a frame writes itself",
    "strict": "the counts are in the LoadReport",
    "dry_run": "a sample without `out`",
    "refit": "the method does nothing else",
    "template": "price_template()",
    "whole": "warehouse_script()",
    "map_name": "column_map()",
    "as_markdown": "Report.markdown() or RolloutPlan.markdown()",
    "context": "typer's own",
    "out": "RoutingPolicy.json(), render() and RolloutPlan.json() are text; a sample has it",
}
"""Options that are no argument of a twin, and what is in their place."""

RENAMED = {
    "endpoint": "endpoints",
    "workload": "workloads",
    "source": "sources",
    "unit": "units",
    "rate": "rates",
    "map_files": "maps",
    "retry": "retry_rejects",
    "select": "query",
    "earlier": "previous",
    "no_keys": "keys",
    "no_unpack_limit": "unpack_limit",
    "include": "with_pilots",
}
"""Options that may be repeated are plural; those that say no say yes."""


def commands(group: typer.Typer, prefix: str = "") -> Iterator[tuple[str, Callable[..., object]]]:
    """Every command by its whole name."""
    for command in group.registered_commands:
        assert command.callback is not None
        yield f"{prefix}{command.name or command.callback.__name__}", command.callback
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        if inner.typer_instance.info.invoke_without_command is True:
            given = inner.typer_instance.info.callback
            assert given is not None
            yield f"{prefix}{inner.name}", given
        yield from commands(inner.typer_instance, f"{prefix}{inner.name} ")


COMMANDS = dict(commands(app))


def arguments(twins: tuple[Twin, ...]) -> set[str]:
    """The names of all arguments of some functions; a question counts with its own."""
    found: set[str] = set()
    for twin in twins:
        parameters = inspect.signature(twin).parameters.values()
        found |= {each.name for each in parameters}
        if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters):
            found |= Asked.__annotations__.keys()
    return found


def test_every_command_has_a_twin_and_no_twin_is_of_a_command_that_is_gone() -> None:
    assert COMMANDS.keys() == TWINS.keys(), "give the command a public function or method, and name it in TWINS"


@pytest.mark.parametrize("command", TWINS)
def test_every_option_of_a_command_is_an_argument_of_its_twin(command: str) -> None:
    has = arguments(TWINS[command])
    for option in inspect.signature(COMMANDS[command]).parameters:
        there = {option, RENAMED.get(option, option)} & has
        is_form = command == "report" and hasattr(audit.Report, option)  # --html: Report.html
        assert there or is_form or option in OTHERWISE, f"{command}: {option}"


@pytest.mark.parametrize("command", TWINS)
def test_every_twin_is_documented_and_typed(command: str) -> None:
    for twin in TWINS[command]:
        assert twin.__doc__
        signature = inspect.signature(twin)
        assert signature.return_annotation is not inspect.Signature.empty
        for name, parameter in signature.parameters.items():
            assert name == "self" or parameter.annotation is not inspect.Parameter.empty


def test_a_question_has_the_same_arguments_however_it_is_asked() -> None:
    report = inspect.signature(audit.Audit.report).parameters.keys() - {"self"}
    assert report == Asked.__annotations__.keys()


def test_every_method_that_anybody_sees_is_documented() -> None:
    for each in (audit.Audit, audit.Report, Outcomes):
        for name in dir(each):
            if not name.startswith("_") and name not in each.__dataclass_fields__:
                assert inspect.getdoc(getattr(each, name)), f"{each.__name__}.{name}"
