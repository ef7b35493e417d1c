"""What a notebook shows: one line, a card without scripts, figures by name, and pictures of them."""

import importlib.util
import json
import re
from pathlib import Path
from typing import cast
from xml.etree import ElementTree

import pytest
from plotly.graph_objects import Figure
from report_document import example_document

import audit
from audit.errors import AuditError, ConfigError
from audit.library.cards import report_card
from audit.library.figures import PAPER, Figures
from audit.report.charts import charts
from tests.browser import needs_browser


@pytest.fixture(scope="module")
def report(demo: audit.DemoResult) -> audit.Report:
    return audit.Report(document=demo.document)


def text_of(html: str) -> str:
    """The words of well-formed HTML."""
    return " ".join(" ".join(ElementTree.fromstring(html.replace("<br>", "<br/>")).itertext()).split())


def test_a_report_shows_itself_in_one_line(report: audit.Report) -> None:
    shown = repr(report)
    assert "\n" not in shown
    assert shown.startswith("<Report: gpt-4o to gpt-4o-mini, 2026-09-07 to 2026-09-13 (7.0 days), expected saving $")


def test_an_audit_shows_its_path_in_one_line(traffic: audit.Audit) -> None:
    assert repr(traffic) == f"Audit(path={traffic.path!r})"


def test_the_card_of_a_report_has_levels_spend_and_window(report: audit.Report) -> None:
    shown = text_of(report._repr_html_())  # pyright: ignore[reportPrivateUsage] - Jupyter's name for it
    for words in ("gpt-4o to gpt-4o-mini", "2026-09-07 to 2026-09-13", "list cost $110 a month", "projection"):
        assert words in shown
    for level in ("Measured 21.4%", "Expected 33.9%", "Ceiling 100%"):
        assert level in shown


def test_the_card_of_an_audit_has_window_files_and_models(traffic: audit.Audit) -> None:
    shown = text_of(traffic._repr_html_())  # pyright: ignore[reportPrivateUsage]
    for words in ("demo.duckdb", "2026-09-07 to 2026-09-13", "6,169 requests of 1 file", "gpt-4o-2024-08-06 5,657"):
        assert words in shown


def test_the_card_of_a_database_that_is_gone_says_so(tmp_path: Path) -> None:
    gone = audit.Audit(tmp_path / "<gone>.duckdb")
    html = gone._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert "no such database" in text_of(html)
    assert "<gone>" not in html


def test_a_card_is_escaped_and_brings_neither_scripts_nor_colours() -> None:
    hostile = example_document()
    hostile["pair"]["incumbent"] = "<script>alert(1)</script>"
    html = report_card(hostile)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert set(re.findall(r"[^-]color:([^;\"]*)", html)) == {"inherit"}


def test_figures_are_those_of_the_page_with_an_ink_of_their_own(report: audit.Report) -> None:
    assert list(report.figures) == list(charts(report.document))
    assert len(report.figures) >= 5
    figure = report.figures["waterfall"]
    assert isinstance(figure, Figure)
    shown = json.loads(cast("str", figure.to_json()))  # pyright: ignore[reportUnknownMemberType]
    assert shown["layout"]["paper_bgcolor"] == PAPER["paper_bgcolor"]
    assert shown["layout"]["template"]["layout"]["font"]["color"] == "#1f242b"
    assert shown["data"] == charts(report.document)["waterfall"]["data"]


def test_a_figure_is_drawn_only_when_it_is_asked_for(report: audit.Report, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_document: object) -> dict[str, object]:
        raise AssertionError("drawn")

    monkeypatch.setattr("audit.report.charts.charts", refuse)
    figures = Figures(report.document)
    with pytest.raises(AssertionError, match="drawn"):
        len(figures)


def test_a_figure_that_is_not_there_is_named_with_those_that_are(report: audit.Report) -> None:
    assert report.figures.get("heatmap") is None
    for error in (AuditError, KeyError):
        with pytest.raises(error, match=r"unknown figure 'waterfal'; nearest: waterfall\. This report has waterfall, "):
            report.figures["waterfal"]


def test_a_report_without_traffic_has_no_figure_of_spend() -> None:
    empty = example_document()
    empty["spend"]["list_cost"], empty["spend"]["monthly_list_cost"], empty["daily"] = 0, None, []
    assert "waterfall" not in Figures(empty)


@needs_browser
def test_a_picture_is_drawn_by_a_browser_of_this_machine(report: audit.Report, tmp_path: Path) -> None:
    path = report.save_figure("waterfall", tmp_path / "waterfall.png", width=400, scale=1)
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    assert int.from_bytes(head[16:20], "big") == 400


def test_a_machine_without_a_browser_says_what_to_do(
    report: audit.Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match=r"waterfall\.svg: no browser .* install Chromium .* BROWSER_PATH"):
        report.save_figure("waterfall", tmp_path / "waterfall.svg")


def test_an_installation_without_kaleido_names_the_extra(
    report: audit.Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(_name: str) -> None:
        return None

    monkeypatch.setattr("audit.library.figures.find_spec", nothing)
    assert importlib.util.find_spec("kaleido") is not None
    with pytest.raises(ConfigError, match=r"pip install 'traffic-audit\[figures\]'"):
        report.save_figure("waterfall", tmp_path / "waterfall.pdf")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("waterfall.gif", r"\.gif is none of \.pdf, \.png, \.svg"),
        ("waterfall", "no ending"),
        ("no/w.png", "does not exist"),
    ],
)
def test_a_picture_that_cannot_be_written_is_refused_before_it_is_drawn(
    report: audit.Report, tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        report.save_figure("waterfall", tmp_path / name)


def test_a_page_that_cannot_be_written_is_named(report: audit.Report, tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "page.html"
    with pytest.raises(ConfigError, match=r"page\.html: cannot be written \(No such file"):
        report.html(missing)
    with pytest.raises(ConfigError, match=r"page\.html: cannot be written \(No such file"):
        audit.compare("gpt-4o", "gpt-4o-mini", html=missing)


def test_an_export_is_no_database_and_load_is_named(tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text("model,input_tokens\ngpt-4o,3\n")
    with pytest.raises(AuditError, match=r"no DuckDB database; `audit load .*export\.csv`"):
        audit.open(export)


def test_one_workload_to_keep_is_a_list_of_one(report: audit.Report) -> None:
    with pytest.raises(ConfigError, match=r"kept is 'w-05fae4ac'; give a list"):
        report.what_if(kept="w-05fae4ac")


def test_all_of_the_cost_is_all_of_it(tmp_path: Path) -> None:
    export, db = tmp_path / "one.csv", tmp_path / "one.duckdb"
    export.write_text(
        "start_time,model,provider_name,endpoint,usage_input_tokens,usage_output_tokens,usage_cache_read_input_tokens\n"
        "2026-10-04T00:00:00Z,gpt-4o,openai,solo,603,75,301\n"
    )
    audit.load(export, db=db)
    shares = audit.open(db).savings(today="2026-11-26").filter(level="ceiling")
    assert shares["cost_share_point"].item() == 1
    empty = audit.open(db).report(since="2027-01-01", today="2027-01-02").document.get("warnings", [])
    assert empty == ["no request lies in the window that was asked for"]


def test_settings_that_cannot_be_written_and_no_volume_at_all_are_refused(traffic: audit.Audit, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"audit\.toml: cannot be written \(No such file"):
        traffic.init(tmp_path / "missing" / "audit.toml")
    with pytest.raises(ConfigError, match="monthly_requests must be at least 1, not 0"):
        traffic.report(monthly_requests=0)
