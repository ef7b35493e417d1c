"""The what-if in the page computes what Python computes, by every control, and its address brings a state back."""

import json
import random
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, cast

import pytest
from playwright.sync_api import Browser, Page

from audit.report import words
from audit.report.document import LEVELS, ReportDocument
from audit.report.html import render_html
from audit.savings.whatif import Inputs, Settings, totals
from tests.browser import DESKTOP, PHONE, needs_browser, opened
from tests.report_document import example_document
from tests.test_report_html import HOSTILE
from tests.whatif_sums import close, differences, document_with, for_the_page, random_settings, random_sums

pytestmark = needs_browser
LINES = ("measured", "expected", "ceiling", "choice")


@contextmanager
def shown(
    chromium: Browser, folder: Path, document: ReportDocument, fragment: str = "", size: tuple[int, int] = DESKTOP
) -> Generator[Page]:
    """The page of a document, which must neither complain nor ask for anything."""
    file = folder / "report.html"
    file.write_text(render_html(document), encoding="utf-8")
    with opened(chromium, file, fragment=fragment, size=size) as held:
        yield held.page
        assert (held.said, held.requests) == ([], [])


def sums(document: ReportDocument) -> Inputs:
    assert "what_if" in document
    return document["what_if"]


def saving(page: Page, line: str) -> str:
    """The exact amount on the page, not the rounded one."""
    return str(page.locator(f"#what-if-{line} data").get_attribute("value"))


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_thousand_random_settings_agree_with_python_to_the_cent(chromium: Browser, tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    inputs = random_sums(draw, workloads=draw.choice([1, 7, 60]), candidates=draw.choice([1, 4, 8]))
    if seed == 4:
        inputs["monthly_multiplier"] = None
    settings = [random_settings(draw, inputs) for _ in range(250)]
    with shown(chromium, tmp_path, document_with(inputs)) as page:
        found = page.evaluate(
            "all => all.map(settings => whatIf.totals(settings))", [for_the_page(each) for each in settings]
        )
    wrong = [
        (each, differing)
        for each, page_says in zip(settings, found, strict=True)
        if (differing := differences(page_says, totals(inputs, each)))
    ]
    assert wrong == []
    assert len({json.dumps(each) for each in found}) > 100


def test_untouched_it_shows_the_points_of_the_report(chromium: Browser, tmp_path: Path) -> None:
    document = example_document()
    with shown(chromium, tmp_path, document) as page:
        for level in LEVELS:
            monthly = document["savings"][level]["monthly"]
            assert monthly is not None
            assert float(saving(page, level)) == pytest.approx(float(monthly["point"]), abs=0.005)
            text = page.locator(f"#what-if-{level}").inner_text()
            assert words.money(monthly["point"]) in text
            assert f"saves {words.percent(document['savings'][level]['share_of_spend']['point'])} of spend" in text
            moved = (document["routable"][level][share]["point"] for share in ("request_share", "cost_share"))
            assert "moves {} of requests, {} of cost".format(*map(words.percent, moved)) in text
            assert f"as in the report ({words.span(monthly, 'money')})" in text
        assert "Nothing is changed" in page.locator("#what-if-state").inner_text()
        assert page.get_by_role("button", name="Reset").is_disabled()


def test_a_figure_under_other_settings_stands_beside_the_interval_of_the_report_and_says_it_has_none(
    chromium: Browser, tmp_path: Path
) -> None:
    document = example_document()
    with shown(chromium, tmp_path, document, "#what-if?growth=0.2") as page:
        for level in LEVELS:
            monthly = words.saving(document, level)
            text = page.locator(f"#what-if-{level}").inner_text()
            assert f"in the report {words.money(monthly['point'])} ({words.span(monthly, 'money')})" in text
        assert (
            "under other settings it is no surer than the interval in the report"
            in page.locator("#what-if-panel").inner_text()
        )


def test_amounts_are_written_as_everywhere_on_the_page(chromium: Browser, tmp_path: Path) -> None:
    draw = random.Random(5)
    inputs = random_sums(draw, workloads=300, candidates=1)
    with shown(chromium, tmp_path, document_with(inputs)) as page:
        cells = page.locator(".what-if-ticks td:nth-child(3)").all_inner_texts()
    month = float(inputs["monthly_multiplier"] or 0)
    assert cells == [words.money(month * each["list_cost"]) for each in inputs["workloads"]]
    assert any(cell.startswith("$0.0") for cell in cells)


def test_the_keyboard_moves_every_control_and_the_address_brings_the_state_back(
    chromium: Browser, tmp_path: Path
) -> None:
    document = example_document()
    inputs = sums(document)
    kept = inputs["workloads"][1]["id"]
    settings = Settings(
        kept=frozenset([kept]), escalation_rate=0.03, output_ratio=1.02, growth=-0.01, discount=0.01, candidate="next"
    )
    with shown(chromium, tmp_path, document) as page:
        for control, key, times in (
            ("escalation_rate", "ArrowRight", 3),
            ("output_ratio", "ArrowRight", 2),
            ("growth", "ArrowLeft", 1),
            ("discount", "ArrowRight", 1),
            ("candidate", "ArrowDown", 1),
        ):
            page.locator(f"#what-if-{control}").focus()
            for _ in range(times):
                page.keyboard.press(key)
        page.get_by_label(document["workloads"][1]["name"]).focus()
        page.keyboard.press("Space")
        page.wait_for_url("**kept=*")
        said = page.locator("#what-if-said").text_content()
        address, state = page.evaluate("location.hash"), page.locator("#what-if-state").inner_text()
        values = [saving(page, line) for line in LINES]
        expected = totals(inputs, settings)
        assert values[:2] == ["", ""]
        assert close(float(values[2]), expected.ceiling.monthly)
        assert close(float(values[3]), expected.choice.monthly)
        assert said is not None
        assert said.startswith("measured not measured, expected not measured, ceiling $")
        assert "candidate next, escalation 3%, output ratio 1.02, traffic -1%, discount 1%" in state
        assert f"staying on gpt-4o: {document['workloads'][1]['name']}" in state
    with shown(chromium, tmp_path, document, fragment=address) as page:
        assert [saving(page, line) for line in LINES] == values
        assert page.locator("#what-if-state").inner_text() == state
        assert page.locator("#what-if-ignored").is_hidden()
        page.get_by_role("button", name="Reset").click()
        assert "Nothing is changed" in page.locator("#what-if-state").inner_text()
        page.wait_for_url("**/report.html#what-if")


def test_ticks_and_their_buttons_decide_who_moves(chromium: Browser, tmp_path: Path) -> None:
    document = example_document()
    inputs = sums(document)
    with shown(chromium, tmp_path, document) as page:
        for button, verdicts in (
            ("Only what is measured", {"route"}),
            ("Measured and pilots", {"route", "pilot"}),
            ("None", set[str]()),
            ("All", {"route", "pilot", "keep"}),
        ):
            page.get_by_role("button", name=button, exact=True).click()
            out = frozenset(each["id"] for each in inputs["workloads"] if each["verdict"] not in verdicts)
            expected = totals(inputs, Settings(kept=out))
            for line in LINES:
                assert close(float(saving(page, line)), getattr(expected, line).monthly), (button, line)
        stopped = page.locator(".what-if-ticks tr", has_text="receipt-photo")
        assert stopped.locator("input").is_disabled()
        assert "cannot move: images" in stopped.inner_text()


@pytest.mark.parametrize(
    ("fragment", "ignored", "understood"),
    [
        ("#what-if?growth=0.5&growth=abc&escalation_rate=7", ["growth=abc", "escalation_rate=7"], Settings(growth=0.5)),
        ("#what-if?discount=&output_ratio=1e9&x=%ff%", ["discount=", "output_ratio=1e9", "x="], Settings()),
        ("#what-if?candidate=gpt&kept=w-1.w-2&discount=0.2", ["candidate=gpt", "kept=w-1.w-2"], Settings(discount=0.2)),
        ("#what-if?%3Cscript%3Ealert(1)%3C/script%3E=<img src=x>", ["<script>alert(1)</script>="], Settings()),
    ],
)  # fmt: skip
def test_what_an_address_holds_that_nobody_knows_is_named_and_ignored(
    chromium: Browser, tmp_path: Path, fragment: str, ignored: list[str], understood: Settings
) -> None:
    document = example_document()
    with shown(chromium, tmp_path, document, fragment=fragment) as page:
        note = page.locator("#what-if-ignored").inner_text()
        assert "It is ignored" in note
        assert all(each in note for each in ignored)
        assert close(float(saving(page, "ceiling")), totals(sums(document), understood).ceiling.monthly)
        page.evaluate("location.hash = '#what-if?growth=1'")
        page.locator("#what-if-ignored").wait_for(state="hidden")
        assert close(float(saving(page, "ceiling")), totals(sums(document), Settings(growth=1.0)).ceiling.monthly)


def test_hostile_names_stay_text(chromium: Browser, tmp_path: Path) -> None:
    document = example_document()
    document["workloads"][0]["name"] = document["pair"]["incumbent"] = HOSTILE
    sums(document)["candidates"][1]["model"] = HOSTILE
    with shown(chromium, tmp_path, document) as page:
        page.locator("#what-if-candidate").select_option(index=1)
        page.locator(".what-if-ticks input").first.uncheck()
        state = page.locator("#what-if-state").inner_text()
        assert state.count("</script><script>") >= 3
        assert page.locator("#what-if img, #what-if a").count() == 0
        page.wait_for_url("**kept=*")
        ceiling, address = saving(page, "ceiling"), page.evaluate("location.hash")
    with shown(chromium, tmp_path, document, fragment=address) as page:
        assert saving(page, "ceiling") == ceiling
        assert page.locator("#what-if-ignored").is_hidden()


def test_a_short_log_shows_the_window_and_an_empty_one_zeros(chromium: Browser, tmp_path: Path) -> None:
    document = example_document()
    document["spend"]["monthly_list_cost"] = sums(document)["monthly_multiplier"] = None
    for level in LEVELS:
        document["savings"][level]["monthly"] = None
    with shown(chromium, tmp_path, document) as page:
        assert "in the window" in page.locator("#what-if-ceiling").inner_text()
        point = float(document["savings"]["ceiling"]["window"]["point"])
        assert float(saving(page, "ceiling")) == pytest.approx(point, abs=0.005)
    document["workloads"] = []
    nothing = random_sums(random.Random(0), workloads=0, candidates=2)
    document["what_if"] = {**nothing, "requests": 0, "list_cost": 0.0, "monthly_multiplier": None}
    with shown(chromium, tmp_path, document) as page:
        assert [saving(page, line) for line in LINES] == ["0"] * 4
        assert "saves 0% of spend" in page.locator("#what-if-choice").inner_text()


def test_the_totals_of_500_workloads_are_shown_within_50_ms(chromium: Browser, tmp_path: Path) -> None:
    inputs = random_sums(random.Random(9), workloads=500, candidates=8)
    document = document_with(inputs)
    with shown(chromium, tmp_path, document) as page:
        spent = page.evaluate("""() => {
            const slider = document.getElementById("what-if-discount");
            return [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.5].map((value) => {
                slider.value = value;
                const start = performance.now();
                slider.dispatchEvent(new Event("input"));
                return performance.now() - start;
            });
        }""")
        assert min(spent) < 50
        assert saving(page, "ceiling") != ""
    embedded = len(render_html(document)) - len(render_html(cast("ReportDocument", _without(document))))
    assert embedded < 250_000, "a tenth of what a page of 500 workloads may weigh"


def _without(document: ReportDocument) -> dict[str, object]:
    return {key: value for key, value in document.items() if key != "what_if"}


def test_a_document_from_before_opens_without_this_part(chromium: Browser, tmp_path: Path) -> None:
    old = cast("ReportDocument", _without(example_document()))
    with shown(chromium, tmp_path, old, fragment="#what-if?growth=1") as page:
        assert page.locator("#what-if").count() == 0
        assert page.locator("#chart-waterfall svg").count() > 0


def test_it_prints_the_state_it_is_in(chromium: Browser, tmp_path: Path) -> None:
    with shown(chromium, tmp_path, example_document(), fragment="#what-if?growth=0.25") as page:
        page.emulate_media(media="print")
        assert "traffic +25%" in page.locator("#what-if-state").inner_text()
        assert page.locator("#what-if-ceiling").is_visible()
        assert page.locator(".what-if-controls, .what-if-ticks").first.is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(
    chromium: Browser, tmp_path: Path, scheme: Literal["light", "dark"]
) -> None:
    file = tmp_path / "report.html"
    file.write_text(render_html(example_document()), encoding="utf-8")
    with opened(chromium, file, size=PHONE, scheme=scheme) as held:
        wide = held.page.evaluate(
            "[...document.querySelectorAll('#what-if *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
            ".map(e => e.outerHTML.slice(0, 80))"
        )
    assert wide == []


def test_without_scripts_it_says_why_nothing_is_there(tmp_path: Path, chromium: Browser) -> None:
    file = tmp_path / "report.html"
    file.write_text(render_html(example_document()), encoding="utf-8")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("#what-if-off").is_visible()
    assert page.locator("#what-if-panel").is_hidden()
    context.close()
