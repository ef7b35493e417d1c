"""The HTML report is one offline page that says what the document says and runs nothing from a log."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from typing import Any, cast

import jsonschema
import plotly.offline
import pytest

from audit.report.document import LEVELS, ReportDocument
from audit.report.html import SCRIPTS, plotly_bundle, render_html
from tests.report_document import example_document

HOSTILE = '</script><script>alert(1)</script><img src=x onerror=alert(2)> "\' \u202e\u200f %{y} <a href="https://evil.example">'
VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Elements, attributes, text outside of scripts and styles, and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif not self.open or self.open[-1] != "style":
            self.text += data + " "

    def values(self, attribute: str) -> list[str]:
        return [value for _, name, value in self.attributes if name == attribute]


def hostile_document() -> ReportDocument:
    document = example_document()
    long = HOSTILE + "x" * 10_000
    document["pair"]["candidate"] = HOSTILE
    document["warnings"] = [long]
    cast(dict[str, object], document["workloads"][0]).update(
        name=long, endpoint=long, reasons=[HOSTILE], task_type=long
    )
    for rows in (document["models"], document["daily"], document["files"], document["retirements"]):  # pyright: ignore[reportTypedDictNotRequiredAccess]
        for key in ("model", "path"):
            if key in rows[0]:
                cast(dict[str, object], rows[0])[key] = long
    document["checks"] = [{"name": HOSTILE, "ok": False, "detail": long}]
    document["assumptions"] = [{"name": HOSTILE, "value": {HOSTILE: [HOSTILE]}, "source": long}]
    document["data_quality"] = {HOSTILE: HOSTILE}
    return document


@pytest.fixture(scope="module")
def source() -> str:
    return render_html(example_document())


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def chart_data(page: Page) -> dict[str, Any]:
    return cast(dict[str, Any], json.loads(page.scripts[0]))


def test_the_example_document_is_valid_by_the_schema_and_the_schema_by_its_own() -> None:
    schema = json.loads(files("audit").joinpath("data/schemas/report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(json.dumps(example_document())), schema, jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "key", ["schema", "window", "pair", "rows", "requests", "spend", "routable", "savings", "blended"]
)
def test_the_schema_refuses_a_document_without_a_contract_key(key: str) -> None:
    schema = json.loads(files("audit").joinpath("data/schemas/report.schema.json").read_text(encoding="utf-8"))
    document = cast(dict[str, object], example_document())
    del document[key]
    with pytest.raises(jsonschema.ValidationError, match=key):
        jsonschema.validate(document, schema)


def test_the_example_adds_up() -> None:
    document = example_document()
    requests = dict(document["requests"])
    assert requests.pop("total") == sum(cast(int, value) for value in requests.values())
    accounting = document["accounting"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
    assert sum(row["requests"] for row in accounting) == document["requests"]["total"]
    assert sum(float(row["list_cost"] or 0) for row in accounting) == pytest.approx(
        float(document["spend"]["list_cost"])
    )


def test_the_page_shows_the_documents_numbers(page: Page) -> None:
    document = example_document()
    for level in LEVELS:
        monthly, shares = document["savings"][level]["monthly"], document["routable"][level]
        assert monthly is not None
        for amount in (monthly["low"], monthly["point"], monthly["high"]):
            assert f"${float(amount):,.0f}" in page.text
        for share in (shares["request_share"], shares["cost_share"]):
            assert f"{float(share['point']):.1%}" in page.text
            assert f"{float(share['low']):.1%} to {float(share['high']):.1%}" in page.text
    for workload in document["workloads"]:
        assert workload["name"] in page.text
        assert f"{float(workload['cost_share']):.1%}" in page.text
        assert f"{workload['requests']:,}" in page.text
    assert "1,188,346" in page.text


def test_the_page_is_complete(page: Page) -> None:
    for expected in (
        "Too few pairs to decide.",
        "2,260 more pairs needed",
        "Unpriced: no known price, not counted as $0",
        "no price",
        "2027-01-14",
        "chk_one_disposition",
        "escalation rate",
        "exports/2026-09.jsonl.gz",
        "genai-prices 0.2.3",
        "missing endpoint share",
    ):
        assert expected in page.text


def test_buckets_without_requests_are_named_below_the_accounting_and_are_no_lines_of_it() -> None:
    document = example_document()
    total, cost = document["requests"]["total"], document["spend"]["list_cost"]
    buckets = (("route", 0, 0.0), ("unpriced", 0, 0.0), ("pilot", total, cost))
    document["accounting"] = [{"bucket": name, "requests": n, "list_cost": spent} for name, n, spent in buckets]
    text = Page(render_html(document)).text
    assert "No requests: routed, unpriced." in text
    assert "Unpriced: no known price, not counted as $0" not in text


def test_projections_are_announced_before_the_first_number(page: Page) -> None:
    body = page.text[page.text.index("Skip to the answer") :].replace("gpt-4o", "")
    first_number = re.search(r"\d", body)
    assert first_number is not None
    assert body.index("Every saving here is a projection.") < first_number.start()


def test_nothing_in_the_page_can_ask_the_network(source: str, page: Page) -> None:
    assert not re.search(r"https?://", source)
    loading = {"src", "srcset", "action", "formaction", "data", "poster", "background", "ping"}
    assert not loading & {name for _, name, _ in page.attributes}
    assert all(value.startswith("#") for value in page.values("href"))
    assert not {"link", "iframe", "object", "embed", "base", "form", "img"} & set(page.tags)
    assert not re.search(r"@import|url\(", source[source.index("<style>") : source.index("</style>")])


def test_the_policy_allows_only_what_is_in_the_page(page: Page) -> None:
    policy = next(value for value in page.values("content") if value.startswith("default-src"))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert not re.search(r"\*|https?:", policy)
    assert not any(name.startswith("on") or name == "style" for _, name, _ in page.attributes)


def test_hostile_names_stay_text(page: Page) -> None:
    hostile_source = render_html(hostile_document())
    hostile = Page(hostile_source)
    assert hostile.tags.count("script") == page.tags.count("script") == 3 + len(SCRIPTS)
    assert not {"img", "a"} & (set(hostile.tags) - set(page.tags))
    assert {name for _, name, _ in hostile.attributes} == {name for _, name, _ in page.attributes}
    assert all(value.startswith("#") for value in hostile.values("href"))
    assert "<script>alert(1)</script>" in hostile.text
    assert not re.search("[\u202e\u200f]", hostile_source)
    assert "x" * 500 not in hostile_source


def test_hostile_names_cannot_be_links_or_templates_in_charts() -> None:
    figures = chart_data(Page(render_html(hostile_document())))["figures"]
    texts = [note["text"] for note in figures["shares"]["layout"]["annotations"]]
    assert any("&lt;/script&gt;" in text for text in texts)
    assert "<a " not in json.dumps(figures)
    assert "<img" not in json.dumps(figures)
    templates = {
        trace["hovertemplate"] for figure in figures.values() for trace in figure["data"] if "hovertemplate" in trace
    }
    assert not any("%{y}" in template or "alert" in template for template in templates)


def test_every_chart_is_there_with_a_place_and_a_text_alternative(page: Page) -> None:
    charts = chart_data(page)
    kinds = {name: {trace["type"] for trace in figure["data"]} for name, figure in charts["figures"].items()}
    assert kinds == {
        "waterfall": {"bar"},
        "daily": {"bar"},
        "shares": {"bar"},
        "shape-map": {"heatmap", "scatter"},
        "quality": {"scatter"},
        "intelligence": {"scatter"},
        "latency": {"scatter"},
    }
    assert {f"chart-{name}" for name in kinds} <= set(page.values("id"))
    assert page.values("role").count("img") == len(kinds)
    assert set(charts["templates"]) == {"light", "dark"}
    assert all("template" not in figure["layout"] for figure in charts["figures"].values())


def test_the_waterfall_hangs_each_saving_from_todays_spend(page: Page) -> None:
    document = example_document()
    bars = chart_data(page)["figures"]["waterfall"]["data"]
    today = document["spend"]["monthly_list_cost"]
    for level, bar in zip(LEVELS, bars[1:], strict=True):
        monthly = document["savings"][level]["monthly"]
        assert monthly is not None
        assert (bar["base"], bar["x"]) == ([today], [-float(monthly["point"])])
        left = bar["base"][0] + bar["x"][0] - bar["error_x"]["arrayminus"][0]
        assert left == pytest.approx(float(today or 0) - float(monthly["high"]))


def test_the_page_has_landmarks_headings_in_order_and_headed_tables(page: Page) -> None:
    assert {"header", "main", "nav", "footer"} <= set(page.tags)
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.tags.count("caption") == page.tags.count("table") == page.tags.count("thead")
    identifiers = page.values("id")
    assert len(identifiers) == len(set(identifiers))
    assert {href[1:] for href in page.values("href")} <= set(identifiers)
    assert set(page.values("aria-labelledby")) <= set(identifiers)


def test_a_report_without_outcomes_or_extras_has_fewer_parts_and_no_empty_charts() -> None:
    document = example_document()
    extras = ("shape_map", "daily", "models", "accounting", "catalogue", "retirements", "files", "data_quality")
    for key in (*extras, "latency", "intelligence"):
        del cast(dict[str, object], document)[key]
    for workload in document["workloads"]:
        workload["quality_loss"] = None
        workload["verdict"], workload["evidence"] = "pilot", "prior"
    bare = Page(render_html(document))
    assert set(chart_data(bare)["figures"]) == {"waterfall", "shares"}
    assert bare.values("role").count("img") == 2
    assert "No paired outcomes yet." in bare.text
    assert "Nothing is proven yet" in bare.text


def test_an_empty_document_renders() -> None:
    document = example_document()
    nothing = {"low": 0, "point": 0, "high": 0}
    document["workloads"] = []
    document["window"] = {"start": None, "end": None, "days": 0}
    document["spend"] = {"currency": "USD", "list_cost": 0, "billed_cost": None, "monthly_list_cost": None}
    document["requests"] = cast(Any, dict.fromkeys(document["requests"], 0))
    for level in LEVELS:
        document["savings"][level] = cast(Any, {"window": nothing, "monthly": None, "share_of_spend": nothing})
    document["shape_map"], document["daily"] = [], []
    document["latency"], document["intelligence"]["models"] = None, []  # pyright: ignore[reportTypedDictNotRequiredAccess]
    empty = Page(render_html(document))
    assert "no traffic" in empty.text
    assert chart_data(empty)["figures"] == {}


def test_the_page_is_the_same_for_the_same_document(source: str) -> None:
    assert render_html(example_document()) == source


def test_plotly_is_imported_only_to_draw() -> None:
    code = "import sys, audit.report.html, audit.report.text; print('plotly' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_the_embedded_plotly_is_the_one_plotly_ships() -> None:
    version = plotly.offline.get_plotlyjs_version()
    assert f"plotly.js (scatter, bar, heatmap) v{version}," in plotly_bundle()[:200]
