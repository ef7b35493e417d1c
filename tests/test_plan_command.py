"""`audit plan` on the command line and as a ticket: every form, names that would be markup, errors."""

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from typer.testing import CliRunner

import audit
from audit.cli import app
from audit.errors import AuditError, ConfigError
from audit.library.rollouts import RolloutPlan
from audit.planning.document import Plan

HOSTILE = "`</code>|<script>alert(1)</script> @everyone #1 [x](http://evil.example) $$ \u202e*bold*"


@pytest.fixture
def here(demo: audit.DemoResult, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's folder, whose audit.toml counts."""
    monkeypatch.chdir(demo.db.parent)
    monkeypatch.setenv("AUDIT_DB", str(demo.db))
    return demo.db.parent


@pytest.fixture(scope="module")
def plan(demo: audit.DemoResult) -> RolloutPlan:
    return audit.open(demo.db).plan(config=demo.db.parent / "audit.toml", today="2026-11-26", successors=True)


def run(*arguments: str) -> tuple[str, str]:
    result = CliRunner().invoke(app, ["plan", *arguments, "--quiet"], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout, result.stderr


@pytest.mark.usefixtures("here")
def test_the_plan_is_printed_for_people_and_written_for_the_monitor(tmp_path: Path) -> None:
    out, err = run("--out", str(tmp_path / "plan.json"))
    text = " ".join(out.split())
    assert "From gpt-4o to gpt-4o-mini" in text
    assert "Stage 1: 1 %. Begins: gsm," in text
    assert "- Set the shares (`audit policy --target TARGET --stage 1`): gsm: 1 %" in text
    assert text.count("Go back at once if quality lost by a workload is above 5 points (gsm);") == 1
    assert text.count("Go back at once for what would end stage 1") == 3
    assert "state one_time_cost and monthly_cost in audit.toml. Measuring and checks cost $" in text
    assert "Building it" not in text, "what nobody stated is not $0"
    assert f"{tmp_path / 'plan.json'}\n" in err
    written = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert written["schema"] == "traffic-audit/plan/1"
    assert written == json.loads(run("--json")[0])


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["--stages", "1,x"], ConfigError, "--stages '1,x': give shares separated by commas"),
        (["--stages", "0.5,0.1"], ConfigError, "every stage has to be larger"),
        (["--out", "no/such/folder/p.json"], ConfigError, "no file can be written there"),
        (["--from", "gpt-4oo"], AuditError, "gpt-4oo"),
    ],
)
def test_what_cannot_be_done_is_one_error(arguments: list[str], error: type[AuditError], said: str) -> None:
    with pytest.raises(error) as raised:
        run(*arguments)
    assert said in str(raised.value)


@pytest.mark.usefixtures("here")
def test_only_one_form_is_printed_at_a_time() -> None:
    result = CliRunner().invoke(app, ["plan", "--json", "--markdown"])
    assert result.exit_code == 2
    assert "two forms of the same" in " ".join(result.stderr.split())


def test_the_ticket_has_a_box_to_tick_for_every_task_of_every_stage(plan: RolloutPlan) -> None:
    text = plan.markdown()
    page = rendered(text)
    stages = plan.document["stages"]
    assert page.count('type="checkbox"') == sum(3 + len(stage["measure_first"]) for stage in stages)
    assert page.count("<table>") == 2
    assert "retired by its provider" not in page, "what concerns all is said once, by the horizon"
    rows = page.count("<tr>") - 2
    assert rows == len(stages) + len(plan.document["never"])
    for each in plan.document.get("successors", []):
        assert each["candidate"] in html.unescape(page)


def rendered(text: str) -> str:
    """The page that GitHub makes of it, with nothing filtered out."""
    unsafe = cast("int", Options.CMARK_OPT_UNSAFE)  # pyright: ignore[reportUnknownMemberType]
    convert = cast("Callable[..., str]", cmarkgfm.github_flavored_markdown_to_html)  # pyright: ignore[reportUnknownMemberType]
    return convert(text, options=unsafe)


def renamed(value: Any, names: dict[str, str]) -> Any:
    """The document with every text that has one of these names in it saying the other."""
    if isinstance(value, dict):
        return {key: renamed(each, names) for key, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [renamed(each, names) for each in cast("list[Any]", value)]
    if isinstance(value, str):
        for old, new in names.items():
            value = value.replace(old, new)
    return value


def test_names_from_the_log_are_no_markup_in_the_ticket(plan: RolloutPlan) -> None:
    document = cast(
        "Plan",
        renamed(plan.document, {"gsm": HOSTILE, "chat-like": HOSTILE, "math-l5": "a\nb", "conversation": "x" * 400}),
    )
    text = RolloutPlan(document=document).markdown()
    page = rendered(text)
    assert "<script" not in page
    assert "href" not in page
    assert "@everyone" not in page
    assert "\u202e" not in text
    assert page.count("<table>") == 2
    boxes = sum(3 + len(stage["measure_first"]) for stage in document["stages"])
    assert page.count('type="checkbox"') == boxes
    shown = html.unescape(page).replace("\u200b", "")
    assert "<script>alert(1)</script>" in shown
    assert "|<script>" in shown


def test_a_pilot_that_cannot_be_expected_to_pay_for_its_replay_is_left_where_it_is(plan: RolloutPlan) -> None:
    names = {key: each["endpoint"] for key, each in plan.document["baseline"].items()}
    left = {names[each["workload_id"]] for each in plan.document["never"] if each["reasons"] == ["not_worth_measuring"]}
    assert left == {"numersense-v2"}
    moved = {each["endpoint"] for stage in plan.document["stages"] for each in stage["workloads"]}
    assert "numersense-v2" not in moved
    assert "gsm" in moved


def test_the_demos_stages_of_the_policy(plan: RolloutPlan, demo: audit.DemoResult) -> None:
    stages = plan.document["stages"][: plan.document["policy_stages"]]
    told = [(stage["name"], stage["starts_on_day"], stage["days"]) for stage in stages]
    assert told == [("1 %", 0, 7), ("10 %", 7, 7), ("50 %", 14, 6), ("100 %", 20, 1)]
    report = audit.open(demo.db).report(config=demo.db.parent / "audit.toml", today="2026-11-26").document
    monthly = report["savings"]["measured"]["monthly"]
    assert monthly is not None
    assert stages[-1]["cumulated"]["point"] == pytest.approx(float(monthly["point"]) / 30.4375)
