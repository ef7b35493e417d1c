"""The comparison as a part of the report's page, as a page of its own, and as a command with and without a database."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import jsonschema
import pytest

from audit.assumptions import Assumptions
from audit.config import Config
from audit.pipeline import run_report
from audit.report.document import ReportDocument
from audit.report.html import render_comparison, render_html
from audit.scope import Question
from audit.warehouse import Warehouse
from tests.browser import PHONE, needs_browser, opened
from tests.compared_traffic import ON, call, compared, database
from tests.report_document import example_document

if TYPE_CHECKING:
    from playwright.sync_api import Browser

AUDIT = str(Path(sys.executable).parent / "audit")
HOSTILE = "</script><script>alert(1)</script>\u202egnp.\t=cmd()"
ROWS = [call(n, 1_000, 100, route=HOSTILE) for n in range(5)] + [call(9, 500, 50)]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return database(tmp_path_factory.mktemp("pages"), ROWS)


@pytest.fixture(scope="module")
def report(db: Path) -> ReportDocument:
    with Warehouse.read(db) as warehouse:
        return run_report(warehouse, Question(today=ON), Config(), Assumptions()).document


class Tags(HTMLParser):
    """Every element with its attributes, and the text of the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([AUDIT, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_the_report_carries_the_comparison_of_its_pair(db: Path, report: ReportDocument) -> None:
    comparison = cast("dict[str, Any]", report.get("comparison"))
    assert comparison == compared(db)
    schema = json.loads(files("audit").joinpath("data/schemas/compare.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(comparison)), schema, jsonschema.Draft202012Validator)


def test_the_section_comes_after_what_the_report_found_and_is_folded(report: ReportDocument) -> None:
    tags = Tags(render_html(report)).tags
    sections = [attributes.get("id") for tag, attributes in tags if tag == "section"]
    assert sections[-2:] == ["comparison", "asking"]
    assert ("a", {"href": "#comparison"}) in tags
    assert all("open" not in attributes for tag, attributes in tags if tag == "details")


def test_a_document_from_before_the_comparison_has_no_such_section() -> None:
    page = Tags(render_html(example_document()))
    assert "comparison" not in [attributes.get("id") for _, attributes in page.tags]


def test_names_from_a_log_stay_text_on_the_page(db: Path) -> None:
    page = render_comparison(compared(db))
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "<script>alert(1)</script>" in Tags(page).text


def test_a_page_of_its_own_allows_no_script_and_names_no_address(db: Path) -> None:
    page = render_comparison(compared(db))
    policy = next(a["content"] for _, a in Tags(page).tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "script-src 'none'" in policy
    assert "https://" not in page
    assert "src" not in {name for _, attributes in Tags(page).tags for name in attributes}


@needs_browser
def test_a_page_of_its_own_opens_without_a_word_or_a_request_and_fits_a_phone(
    db: Path, tmp_path: Path, chromium: "Browser"
) -> None:
    file = tmp_path / "page.html"
    file.write_text(render_comparison(compared(db)), encoding="utf-8")
    with opened(chromium, file, size=PHONE, scheme="dark") as held:
        assert held.page.locator("h1").inner_text() == "gpt-4o and gpt-4o-mini"
        assert held.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        assert held.page.get_by_text("Your own typical request").is_visible()
        assert (held.said, held.requests) == ([], [])


@needs_browser
def test_the_section_of_the_report_unfolds(report: ReportDocument, tmp_path: Path, chromium: "Browser") -> None:
    file = tmp_path / "report.html"
    file.write_text(render_html(report), encoding="utf-8")
    with opened(chromium, file) as held:
        figures = held.page.locator("#comparison").get_by_text("What a request costs")
        assert not figures.is_visible()
        held.page.locator("#comparison summary").first.click()
        assert figures.is_visible()
        assert (held.said, held.requests) == ([], [])


def test_a_database_is_used_where_it_lies_and_the_page_is_written(db: Path) -> None:
    done = run(db.parent, "compare", "gpt-4o", "gpt-4o-mini", "--json", "--html", "page.html", "--quiet")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["traffic"]["requests"] == 6
    assert "gpt-4o-mini" in (db.parent / "page.html").read_text(encoding="utf-8")
    assert done.stderr == "page.html\n"


def test_without_a_database_two_models_are_compared_by_what_is_published(tmp_path: Path) -> None:
    done = run(tmp_path, "compare", "gpt-4o", "gpt-4o-mini", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["traffic"] is None


def test_a_database_nobody_named_that_cannot_be_read_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "usage.duckdb").write_text("not a database", encoding="utf-8")
    done = run(tmp_path, "compare", "gpt-4o", "gpt-4o-mini", "--quiet")
    assert done.returncode == 0
    assert done.stderr.startswith("warning: without your traffic: usage.duckdb: cannot be opened")
    named = run(tmp_path, "compare", "gpt-4o", "gpt-4o-mini", "--db", "usage.duckdb")
    assert named.returncode == 1
    assert named.stdout == ""


def test_without_names_the_pairs_are_printed_at_80_columns(db: Path) -> None:
    done = run(db.parent, "compare", "--quiet")
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "Next: audit compare gpt-4o gpt-4o-mini" in done.stdout
    assert json.loads(run(db.parent, "compare", "--json", "--quiet").stdout)["schema"] == "traffic-audit/pairs/1"
