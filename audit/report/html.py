"""The report as one HTML file that needs no network and lets nothing in.

Everything is inside the page: styles, data, charts and Plotly. The Content-Security-Policy allows exactly
those scripts and styles, by hash, and no connection to anywhere; the file can be mailed and archived.
"""

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template
from xml.etree.ElementTree import Element

from audit.report import (
    appendix,
    cascades,
    changes,
    compared,
    frontier,
    margins,
    models,
    monitor_charts,
    monitored,
    opening,
    queries,
    sections,
    whatif,
    words,
)
from audit.report.change_document import Changes
from audit.report.charts import charts
from audit.report.comparison_cells import names as comparison_names
from audit.report.document import ReportDocument
from audit.report.figures import templates
from audit.report.margin_document import Margins
from audit.report.markup import el, to_html
from audit.report.monitor_document import Monitor

_PLOTLY_STYLES = ("", "font-weight:bold")
"""The style attributes plotly.js writes: an empty one, which also stands for the sheet it fills, and bold labels."""

STYLES = ("page.css", "table.css", "whatif.css")
"""The page's style sheets, joined in this order."""

SCRIPTS = ("charts.js", "table.js", "whatif.js", "whatif_page.js")
"""The page's own scripts, in the order they run; none writes into another's place."""

_PARTS = {
    "changes": "Changes",
    "savings": "Savings",
    "what-if": "What if",
    "workloads": "Workloads",
    "quality": "Quality",
    "frontier": "Cost of quality",
    "margins": "Margins",
    "traffic": "Spend by day",
    "shapes": "Token shapes",
    "models": "Models",
    "cascades": "Checks",
    "accounting": "Every request",
    "assumptions": "Assumptions",
    "data": "Data and checks",
    "prices": "Prices and dates",
    "comparison": "Published figures",
    "asking": "SQL",
}


def render_html(document: ReportDocument, changed: Changes | None = None, margin: Margins | None = None) -> str:
    """The whole page as text, the same for the same document; write it as UTF-8.

    `changed` is what differs from an earlier report, `margin` what customers pay, where those were asked for.
    """
    figures = charts(document)
    parts = [
        None if changed is None else changes.changes(changed),
        sections.savings(document, figures),
        whatif.section(document),
        sections.workloads(document, figures),
        sections.quality(document, figures),
        frontier.section(document, figures),
        None if margin is None else margins.section(margin),
        appendix.traffic(document, figures),
        sections.shapes(document, figures),
        models.section(document, figures),
        cascades.section(document),
        sections.accounting(document),
        appendix.assumptions(document),
        appendix.data_quality(document),
        appendix.prices(document),
        compared.section(document),
        queries.asking(document),
    ]
    present = [part for part in parts if part is not None]
    links = [el("li", el("a", _PARTS[part.attrib["id"]], href=f"#{part.attrib['id']}")) for part in present]
    body = [
        el("a", "Skip to the answer", href="#answer", class_="skip"),
        opening.header(document),
        el(
            "main",
            opening.answer(document),
            el("nav", el("ul", links), aria_label="Parts of this report"),
            present,
            id="answer",
        ),
        el(
            "footer",
            el(
                "p",
                f"{words.window(document)} · {words.clean(document['schema'])} · {words.PROJECTION.replace('`', '')}",
            ),
        ),
    ]
    pair = document["pair"]
    title = f"Traffic audit: {words.clean(pair['incumbent'])} to {words.clean(pair['candidate'])}"
    scripts = [plotly_bundle(), *(_resource(f"report/{name}") for name in SCRIPTS)]
    figures_and_templates = {"figures": figures, "templates": templates()}
    return _page(title, body, scripts, figures_and_templates, whatif.data(document))


def render_comparison(document: Mapping[str, object]) -> str:
    """The document of `audit compare A B` as a page of its own, in the style of the report and without any script."""
    one, other = comparison_names(document)
    return _page(f"{one} and {other}", compared.body(document), [], {}, {})


def render_monitor(found: Monitor) -> str:
    """The document of `audit monitor` as a page of its own, in the style of the report."""
    figures = monitor_charts.charts(found)
    title = f"Rollout: {words.clean(found['plan']['incumbent'])} to {words.clean(found['plan']['candidate'])}"
    scripts = [plotly_bundle(), _resource("report/charts.js")] if figures else []
    return _page(title, monitored.body(found, figures), scripts, {"figures": figures, "templates": templates()}, {})


def _page(title: str, body: list[Element], scripts: list[str], charts: object, what_if: object) -> str:
    style = "\n".join(_resource(f"report/{name}") for name in STYLES)
    return Template(_resource("report/page.html")).substitute(
        policy=_policy(scripts, [style]),
        title=html.escape(title),
        style=style,
        body="\n".join(to_html(node) for node in body),
        charts=script_json(charts),
        what_if=script_json(what_if),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )


def script_json(value: object) -> str:
    r"""JSON that no HTML parser can leave: `<`, `>` and `&` are written as escapes, `/` as `\/`.

    >>> script_json({"name": "</script>"})
    '{"name":"\\u003c\\/script\\u003e"}'
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.replace("/", "\\/")


@cache
def plotly_bundle() -> str:
    r"""The shipped plotly.js with every `://` written as `:\/\/`, which means the same to JavaScript.

    So the page holds no `https://` at all, and anybody can convince himself with a text search that it
    calls nobody.
    """
    return _resource("plotly/plotly-report.min.js").replace("://", ":\\/\\/")


def _policy(scripts: list[str], styles: list[str]) -> str:
    """Nothing from anywhere but these inline scripts and styles; data: images are the heatmap's own pixels."""
    allowed = " ".join(_hash(text) for text in scripts) or "'none'"
    return "; ".join([
        "default-src 'none'",
        f"script-src {allowed}",
        f"style-src 'unsafe-hashes' {' '.join(_hash(text) for text in (*styles, *_PLOTLY_STYLES))}",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ])  # fmt: skip


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _resource(name: str) -> str:
    return files("audit").joinpath(f"data/{name}").read_text(encoding="utf-8")
