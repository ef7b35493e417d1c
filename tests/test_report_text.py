"""The text report says what the document says, fits the terminal and stays plain in a pipe."""

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from audit.report import advice, words
from audit.report.document import LEVELS, ReportDocument
from audit.report.text import LISTED, render_text
from audit.report.text_parts import NARROWEST
from tests.report_document import example_document

HOSTILE = "\u202e<b>[red]evil[/red]\x1b[31m\nsecond line" + "x" * 10_000


def printed(document: ReportDocument, width: int = 80, *, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    render_text(document, Console(file=file, width=width))
    file.flush()
    return raw.getvalue().decode(encoding)


def with_name(name: str) -> ReportDocument:
    document = example_document()
    document["workloads"][0]["name"] = document["workloads"][0]["endpoint"] = name
    document["workloads"][0]["cost"] = 1e9
    return document


@pytest.mark.parametrize("width", [40, 80, 97, 160])
@pytest.mark.parametrize("name", ["plain", HOSTILE, "請求書の分類と抽出のための端点" * 5])
def test_no_line_is_wider_than_the_terminal(width: int, name: str) -> None:
    lines = printed(with_name(name), width).splitlines()
    assert max(cell_len(line) for line in lines) <= width
    assert all(line == line.rstrip() for line in lines)


def test_the_report_uses_a_wider_terminal() -> None:
    name = "checkout: a name that needs more than twenty-eight cells"
    assert name not in printed(with_name(name), 80)
    assert name in printed(with_name(name), 130)


def test_projections_are_announced_before_the_first_number() -> None:
    document = example_document()
    document["warnings"] = []
    text = printed(document).replace("gpt-4o", "").replace("\n", " ")
    first_number = re.search(r"\d", text)
    assert first_number is not None
    assert text.index("Every saving here is a projection.") < first_number.start()


def test_every_level_shows_its_shares_and_its_saving_with_bounds() -> None:
    text = printed(example_document())
    for expected in ("508,514", "42.8%", "39.8–43.0%", "10.3%", "$2,150", "$1,999–$2,158", "$7,425", "$16,245", "9.7%"):
        assert expected in text


def test_accounting_lines_and_their_total_are_the_documents() -> None:
    text = printed(example_document())
    for title, requests, cost in words.accounts(example_document()):
        line = next(line for line in text.splitlines() if line.startswith(title))
        assert line.split()[-2:] == [f"{requests:,}", words.money(cost)]
    assert re.search(r"= all traffic +1,188,346 +\$21,865", text)


def test_every_workload_is_listed_with_its_reason_and_pairs_needed() -> None:
    text = " ".join(printed(example_document()).split())
    for workload in example_document()["workloads"]:
        assert workload["name"] in text
    assert "too few pairs; 380 pairs; loss 1.4 (-1.1 to 3.9), margin 2.0; 2,260 more pairs" in text
    assert text.count("too few pairs: Too few pairs to decide.") == 1, "each reason is explained once"


def test_a_long_list_says_where_the_rest_is() -> None:
    document = example_document()
    document["workloads"] = document["workloads"] * 3
    text = printed(document)
    assert sum(line.startswith(("route ", "pilot ", "keep ")) for line in text.splitlines()) == LISTED
    assert "5 more are in --html FILE and --csv workloads." in text


def test_a_pipe_gets_no_escape_codes_and_no_markup_is_interpreted() -> None:
    text = printed(with_name(HOSTILE))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[red]evil" in text


def test_an_ascii_output_gets_ascii() -> None:
    text = printed(with_name("größe"), encoding="ascii")
    assert "gr??e" in text
    assert "$1,999-$2,158" in text


def test_without_a_monthly_scale_figures_are_of_the_window() -> None:
    document = example_document()
    document["spend"]["monthly_list_cost"] = None
    for level in LEVELS:
        document["savings"][level]["monthly"] = None
    text = printed(document)
    assert "a month" not in text.replace("scaled to a month", "")
    assert "$2,119" in text
    assert "Saving in the window" in text


def test_negative_savings_keep_their_sign_in_points_and_bounds() -> None:
    document = example_document()
    document["savings"]["measured"]["monthly"] = {"low": -1234.4, "point": -50.25, "high": 17.0}
    text = printed(document)
    assert "-$50.25" in text
    assert "-$1,234 to $17.00" in text


def test_a_failed_check_is_said_before_any_saving() -> None:
    document = example_document()
    document["checks"][0] = {"name": "chk_cost_is_conserved", "ok": False, "detail": "3 cells differ"}
    text = printed(document)
    assert text.index("FAILED CHECK chk_cost_is_conserved: 3 cells differ") < text.index("$2,150")
    assert "Do not quote these figures" in text


def test_an_empty_database_says_how_to_load_traffic() -> None:
    document = example_document()
    document["workloads"], document["window"]["start"] = [], None
    document["requests"]["total"] = document["rows"]["loaded"] = 0
    text = printed(document)
    assert "no traffic" in text
    assert "audit load PATH" in text


def test_an_interval_without_width_does_not_pretend_to_have_one() -> None:
    assert words.span({"low": 5, "point": 5, "high": 5}, "money") == "no range"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "$0"),
        (0.00325, "$0.00325"),
        (0.165, "$0.165"),
        (-0.004, "-$0.004"),
        (99.996, "$100"),
        (1234567.89, "$1,234,568"),
    ],
)
def test_money_is_rounded_for_reading_and_keeps_small_amounts(amount: float, shown: str) -> None:
    assert words.money(amount) == shown


NUMBER = r"[-+]?\$?\d[\d,.]*\d%?|\b\d%?"


def crowded() -> ReportDocument:
    """Sixty workloads with large amounts, long and strange names, and hardly any outcomes."""
    document = example_document()
    document["workloads"] = [each.copy() for _ in range(6) for each in document["workloads"]]
    for number, each in enumerate(document["workloads"]):
        each["id"], each["name"] = f"w-{number}", HOSTILE if number % 7 == 0 else f"team-{number}/route-{number}: x"
        each["cost"] = float(each["cost"]) * 10_000
        each["savings"] = {"low": -1234567.89, "point": 12_345_678.9, "high": 123_456_789.0}
    document["spend"]["monthly_list_cost"] = 987_654_321.0
    for level in LEVELS:
        document["savings"][level]["monthly"] = {"low": -1_234_567.0, "point": 76_543_210.0, "high": 987_654_321.0}
    return document


@pytest.mark.parametrize("width", [40, 60, 72, 80, 100, 120, 160, 200])
def test_no_width_breaks_a_number(width: int) -> None:
    text, wide = printed(crowded(), width), printed(crowded(), 1_000)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert set(re.findall(NUMBER, text)) - set(re.findall(NUMBER, wide + in_words(crowded()))) == set()


def in_words(document: ReportDocument) -> str:
    """What a wide report has in columns and a narrow one in sentences."""
    shapes = [each.get("shape_in_words", "") for each in document["workloads"]]
    return " ".join(map(str, shapes))


def test_a_wider_terminal_has_more_columns_and_not_longer_spaces() -> None:
    heads = [
        next(line.split("  ") for line in printed(example_document(), width).splitlines() if line.startswith("Verdict"))
        for width in (40, 80, 200)
    ]
    counts = [len([head for head in found if head.strip()]) for found in heads]
    assert counts == sorted(set(counts))
    assert max(len(line.strip()) for line in printed(example_document(), 400).splitlines()) < 240


def test_evidence_that_many_share_is_said_once() -> None:
    document = example_document()
    for each in document["workloads"]:
        each["reasons"], each["quality_loss"], each["pairs_needed"], each["evidence"] = (
            ["no_outcomes"],
            None,
            99,
            "prior",
        )
    text = " ".join(printed(document).split())
    assert "Where nothing else is said: no outcomes; public prior; 99 more pairs needed." in text
    assert text.count("99 more pairs needed") == 1


def test_buckets_without_requests_are_named_in_one_line() -> None:
    document = example_document()
    total, cost = document["requests"]["total"], document["spend"]["list_cost"]
    buckets = (("route", 0, 0.0), ("gated", 0, 0.0), ("failed", 0, 0.0), ("pilot", total, cost))
    document["accounting"] = [{"bucket": name, "requests": n, "list_cost": spent} for name, n, spent in buckets]
    text = printed(document)
    assert "No requests: routed, gated, failed." in text
    assert "Pilot: outcomes needed" in text


@pytest.mark.parametrize("width", [0, 1, 19])
def test_a_terminal_too_narrow_for_words_gets_the_narrowest_report(width: int) -> None:
    assert printed(example_document(), width) == printed(example_document(), NARROWEST)


def test_days_without_traffic_are_no_empty_database() -> None:
    document = example_document()
    document["requests"]["total"] = 0
    assert [step.command for step in advice.next_steps(document)] == ["audit status"]


def test_days_on_which_providers_switch_a_model_off_are_told_apart() -> None:
    document = example_document()
    document["retirements"] = [
        {"model": "gpt-4o-2024-08-06", "date": day, "source": "test"} for day in ("2027-04-14", "2027-01-14")
    ]
    assert "gpt-4o-2024-08-06 on 2027-01-14 or 2027-04-14, by provider." in " ".join(advice.certainty(document))
