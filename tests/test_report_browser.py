"""A real browser draws every chart of the HTML report, under the page's own policy and without a complaint."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from audit.report.html import render_html
from tests.report_document import example_document
from tests.test_report_html import hostile_document

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update"
)
DRAWN = {
    "waterfall": ('class="point"', 7),
    "shares": ('class="point"', 20),
    "daily": ('class="point"', 60),
    "shape-map": ("<image ", 1),
    "quality": ('class="xerror"', 4),
}
"""What must be in each chart's svg, and how often at least; an empty plot has axes and none of these."""


def browsed(page: str, folder: Path, *options: str) -> tuple[str, list[str]]:
    """The document after its scripts ran, and what the browser said on its console."""
    assert BROWSER is not None
    (folder / "report.html").write_text(page, encoding="utf-8")
    command = [BROWSER, *QUIET.split(), "--disable-sync", f"--user-data-dir={folder / 'profile'}", *options]
    command += ["--virtual-time-budget=8000", "--enable-logging=stderr", "--v=0", "--dump-dom"]
    done = subprocess.run(
        [*command, (folder / "report.html").as_uri()], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.skipif(BROWSER is None, reason="no chromium or chrome on this machine to draw the page with")
@pytest.mark.parametrize("scheme", ["0", "1"], ids=["dark", "light"])
def test_a_browser_draws_every_chart_without_a_word_on_the_console(tmp_path: Path, scheme: str) -> None:
    dom, said = browsed(render_html(example_document()), tmp_path, f"--blink-settings=preferredColorScheme={scheme}")
    assert said == []
    for name, (mark, least) in DRAWN.items():
        chart = dom[dom.index(f'id="chart-{name}"') :].split("</figure>")[0]
        assert '<svg class="main-svg"' in chart, name
        assert chart.count(mark) >= least, name
    ink = "rgb(233, 230, 224)" if scheme == "0" else "rgb(31, 36, 43)"
    assert ink in dom


@pytest.mark.skipif(BROWSER is None, reason="no chromium or chrome on this machine to draw the page with")
def test_hostile_names_run_nothing_in_a_browser(tmp_path: Path) -> None:
    dom, said = browsed(render_html(hostile_document()), tmp_path)
    assert said == []
    assert dom.count("<script") == 3
    assert not re.search(r"<img|<a [^>]*evil", dom)
