"""What the HTML report weighs and how soon it can be used, at 500 workloads, 90 days and 6 models.

Writes page.json beside this file and prints it. Sizes, requests and console lines do not depend on the machine and are
tested; times do, so they are only written down: the best of some openings, each in a browser window of its own.
"""

import argparse
import json
import re
import tempfile
from pathlib import Path
from typing import Any, cast

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from audit.report.html import plotly_bundle, render_html
from tests.browser import browser, opened
from tests.wide_document import wide_document

RESULTS = Path(__file__).with_suffix(".json")
WORKLOADS, DAYS, MODELS = 500, 90, 6


def weigh(text: str) -> dict[str, int]:
    """Bytes of the page by what they are for."""
    data = re.search(r'<script type="application/json" id="charts">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    sizes = {"page": len(text.encode()), "plotly": len(plotly_bundle().encode()), "charts": len(data[1].encode())}
    return {**sizes, "texts_and_tables": sizes["page"] - sizes["plotly"] - sizes["charts"]}


def time(chromium: Browser, file: Path) -> dict[str, float]:
    """Milliseconds from the start of the navigation until every chart is drawn, and those the page's thread worked."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # pyright: ignore[reportUnknownMemberType]
    page.goto(file.as_uri(), wait_until="load")
    drawn = page.evaluate("performance.getEntriesByName('charts-drawn')[0].startTime")
    told = cast(dict[str, Any], session.send("Performance.getMetrics"))  # pyright: ignore[reportUnknownMemberType]
    metrics = told["metrics"]
    worked = next(each["value"] for each in metrics if each["name"] == "TaskDuration")
    context.close()
    return {"until_drawn_ms": round(drawn), "main_thread_ms": round(1000 * worked)}


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--openings", type=int, default=7)
    openings = parser.parse_args().openings
    text = render_html(wide_document(WORKLOADS, DAYS, MODELS))
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        file = Path(folder) / "report.html"
        file.write_text(text, encoding="utf-8")
        times = [time(chromium, file) for _ in range(openings)]
        with opened(chromium, file) as shown:
            axe = cast(dict[str, Any], Axe().run(shown.page).response)  # pyright: ignore[reportUnknownMemberType]
            found = {
                "requests": len(shown.requests),
                "console_lines": len(shown.said),
                "charts": shown.page.locator(".plot .main-svg:first-child").count(),
                "axe_violations": len(axe["violations"]),
            }
    best = {name: min(each[name] for each in times) for name in times[0]}
    result = {
        "document": {"workloads": WORKLOADS, "days": DAYS, "models": MODELS},
        "bytes": weigh(text),
        **found,
        **best,
    }
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
