"""A real browser draws every chart of the HTML report, under the page's own policy and without a complaint."""

import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from audit.report.html import SCRIPTS, render_html
from tests.browser import needs_browser, opened
from tests.report_document import example_document
from tests.test_report_html import hostile_document

DRAWN = {
    "waterfall": ('class="point"', 7),
    "shares": ('class="point"', 20),
    "daily": ('class="point"', 60),
    "shape-map": ("<image ", 1),
    "quality": ('class="xerror"', 4),
    "intelligence": ('class="textpoint"', 2),
    "latency": ('class="point plotly-customdata"', 2),
}
"""What must be in each chart's svg, and how often at least; an empty plot has axes and none of these."""


def _file(page: str, folder: Path) -> Path:
    file = folder / "report.html"
    file.write_text(page, encoding="utf-8")
    return file


@needs_browser
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_a_browser_draws_every_chart_without_a_word_on_the_console(
    chromium: Browser, tmp_path: Path, scheme: Literal["dark", "light"]
) -> None:
    with opened(chromium, _file(render_html(example_document()), tmp_path), scheme=scheme) as shown:
        dom = shown.page.content()
        assert (shown.said, shown.requests) == ([], [])
    for name, (mark, least) in DRAWN.items():
        chart = dom[dom.index(f'id="chart-{name}"') :].split("</figure>")[0]
        assert '<svg class="main-svg"' in chart, name
        assert chart.count(mark) >= least, name
    ink = "rgb(233, 230, 224)" if scheme == "dark" else "rgb(31, 36, 43)"
    assert ink in dom


@needs_browser
def test_hostile_names_run_nothing_in_a_browser(chromium: Browser, tmp_path: Path) -> None:
    with opened(chromium, _file(render_html(hostile_document()), tmp_path)) as shown:
        dom = shown.page.content()
        assert (shown.said, shown.requests) == ([], [])
        assert shown.page.locator("script:not([type])").count() == 1 + len(SCRIPTS)
    assert not re.search(r"<img|<a [^>]*evil", dom)
