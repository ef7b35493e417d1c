"""Names from logs may hold anything: the page shows them, keeps its layout, runs nothing, quotes them."""

import json
import re
import shlex
import subprocess
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import Browser

import audit
from audit.report import advice
from audit.report.document import ReportDocument
from audit.report.html import render_html
from audit.report.queries import options
from tests.browser import DESKTOP, PHONE, needs_browser, opened
from tests.exports import Row, write_csv
from tests.logged import BIG, SMALL, calls
from tests.report_document import example_document
from tests.test_report_html import Page

TODAY = date(2026, 10, 1)
RAN = "document.documentElement.dataset.ran=1"
NAMES = {
    "script": f"<script>{RAN}</script>",
    "end of script": f"</script><script>{RAN}</script>",
    "attribute": f'" onmouseover="{RAN}" x="\'><img src=x onerror={RAN}>',
    "comment": f"<!--<script>{RAN}</script>",
    "formula": "=cmd|' /C calc'!A0",
    "bidi": "pay\u202egpj.exe\u2066\u200f",
    "right to left": "שלום תשלום עולם 123",
    "long word": "x" * 10_000,
    "long words": "very long " * 1_000,
    "control": "a\x07b\x1b[31mred\x7f\u2028c",
    "emoji": "🧨👩\u200d👩\u200d👧\u200d👦🏳️\u200d🌈" * 20,
    "marks": "z" + "\u0335\u0489" * 200,
    "address": f"javascript:{RAN}",
    "link": f"<a href='javascript:{RAN}'>pay</a>",
    "shell": "$(touch ran)`touch ran`;touch ran|'\"\\ --help",
    "markdown": "`code` **bold** [x](javascript:alert(1))",
    "template": "%{y} ${ran} {{ran}} {0}",
}
ALL = list(NAMES.values())


def hostile_document() -> ReportDocument:
    """The example with a hostile name wherever a name can be."""
    document = cast("dict[str, Any]", example_document())
    for index, workload in enumerate(document["workloads"]):
        name = ALL[index % len(ALL)]
        part = {"pairs": 40, "low": 1.0, "point": 2.0, "high": 3.0, "adjusted_p": 0.5, "reading": "open"}
        workload |= {
            "name": name,
            "endpoint": name,
            "incumbent": name,
            "task_type": name,
            "task_confidence": name,
            "rule_in_words": name,
            "shape_in_words": name,
            "pairs_refused": [{"reason": name, "pairs": 3}],
            "strata": {
                "kind": "stratum", "disagree": True, "differ_p": 0.01, "sign_p": 0.01,
                "cut_side": None, "cut_tokens": None,
                "parts": [part | {"name": each} for each in ALL],
            },
        }  # fmt: skip
    models = document["models"][0]
    document["models"] = [models | {"model": name, "provider_name": name} for name in ALL]
    document["daily"] = [document["daily"][index] | {"model": name} for index, name in enumerate(ALL)]
    document["files"] = [document["files"][0] | {"path": f"logs/{name}", "format": name} for name in ALL]
    document["checks"] = [{"name": name, "ok": index > 0, "detail": name} for index, name in enumerate(ALL)]
    document["assumptions"] = [{"name": name, "value": {name: [name]}, "source": name} for name in ALL]
    document["retirements"] = [{"model": f"gpt-4o{name}", "date": name, "source": name} for name in ALL]
    document["warnings"] = ALL
    document["data_quality"] = {"reject_reasons": dict.fromkeys(ALL, 1), **dict.fromkeys(ALL, 1)}
    document["question"] = {"since": None, "until": None, "monthly_requests": None, "sources": ALL}
    document["reason_texts"] = {"no_outcomes": ALL[0], "within_margin": ALL[7]}
    judge = {"incumbent_model": "a", "candidate_model": "b", "pairs": 9, "labels": 0, "agreement": None, "kappa": None}
    document["judges"] = [judge | {"endpoint": name, "grader": f"judge:{name}"} for name in ALL]
    return cast("ReportDocument", document)


def hostile_log(folder: Path) -> Path:
    """A database whose endpoints, tags, models, errors, users, graders and file names are hostile."""
    rows: list[Row] = []
    for index, name in enumerate(ALL):
        about: Row = {"tags": [name], "user_id": name, "error_type": name, "template_hash": name, "api_key_id": name}
        kinds = [
            *calls(name, 12, request_id=None),
            *calls(name, 2, model=f"house-{name}", provider_name=name, request_id=None),
            *calls(f"{name}-{index}", 1, is_failed=True, request_id=None),
        ]
        rows += [row | about for row in kinds]
    rows.append(
        {"start_time": "<script>no time</script>", "usage_input_tokens": "=1+1", "usage_output_tokens": "\u202e"}
    )
    log = folder / "<script>ran</script>'\"\u202e$(touch ran).jsonl".replace("/", "_")
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    db = folder / "usage.duckdb"
    audit.load(log, db=db)
    scored: Row = {"incumbent_model": BIG, "candidate_model": SMALL, "incumbent_score": 1, "candidate_score": 1}
    pairs = [
        scored | {"endpoint": name, "grader": grader, "stratum": name}
        for name in ALL
        for grader in (name, f"judge:{name}")
        for _ in range(3)
    ]
    from audit.evidence.outcome_log import add_outcomes

    add_outcomes(db, write_csv(folder / "=cmd().csv", pairs), today=TODAY)
    return db


@pytest.fixture(scope="module", params=["document", "log"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    page = folder / "report.html"
    if request.param == "document":
        page.write_text(render_html(hostile_document()), encoding="utf-8")
        return page
    return audit.open(hostile_log(folder)).report(today=TODAY).html(page)


def test_the_page_has_the_elements_of_any_other_and_no_address(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    page, plain = Page(source), Page(render_html(example_document()))
    assert set(page.tags) <= set(plain.tags)
    assert page.tags.count("script") == plain.tags.count("script")
    assert not any(name.startswith("on") or name in ("style", "src") for _, name, _ in page.attributes)
    assert all(value.startswith("#") for value in page.values("href"))
    assert "<script>" in page.text
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\u200f\u2028]",
        page.text + "".join(value for *_, value in page.attributes),
    )
    assert "x" * 500 not in page.text


@needs_browser
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_nothing_runs_and_the_layout_holds(chromium: Browser, file: Path, size: tuple[int, int]) -> None:
    with opened(chromium, file, size=size) as shown:
        page = shown.page
        page.get_by_role("button", name="Open all").click()
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        for head in page.locator("#workload-table thead button").all():
            head.dispatch_event("click")
        page.get_by_label("Find").fill("<script>")
        page.get_by_label("Find").fill("")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        over = "(each) => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest('.scroll, svg')"
        assert (
            page.evaluate(f"[...document.querySelectorAll('main *')].filter({over}).map((each) => each.outerHTML)")
            == []
        )
        assert page.evaluate("document.documentElement.dataset.ran") is None
        assert (shown.said, shown.requests) == ([], [])


@pytest.mark.parametrize("name", NAMES)
def test_a_command_to_paste_is_words_to_a_shell_and_runs_nothing_else(tmp_path: Path, name: str) -> None:
    document = example_document()
    document["pair"] = {"incumbent": NAMES[name], "candidate": NAMES[name]}
    document["question"] = {"since": "2026-09-01", "until": None, "monthly_requests": 10, "sources": [NAMES[name]]}
    workload = next(each for each in document["workloads"] if each["verdict"] == "pilot")
    workload["id"] = NAMES[name]
    asked = f"audit query 'select 1'{options(document['pair'], document.get('question'))}"
    commands = [asked, *(step.command for step in advice.next_steps(document)), advice.act(document, workload).command]
    said = 'audit() { for word in "$@"; do printf "%s\\0" "$word"; done; }\n'
    for command in commands:
        script = said + command + " </dev/null"
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert ["audit", *done.stdout.split("\0")[:-1]] == shlex.split(command)
    assert list(tmp_path.iterdir()) == []
    assert asked.count("--") - NAMES[name].count("--") * 3 == 5


def test_a_query_shown_on_the_page_holds_no_name_from_a_log() -> None:
    shown = [
        re.findall(r"<pre>(.*?)</pre>", render_html(each), re.DOTALL)
        for each in (hostile_document(), example_document())
    ]
    assert set(shown[1]) <= set(shown[0])
    assert not any(mark in query for query in shown[0] for mark in ("script&gt;", "touch", "xxxx"))
