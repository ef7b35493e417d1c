"""The comment for GitHub, read by GitHub's own Markdown (cmark-gfm): a name is text, whatever is in it."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import cast

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from audit.changes.reports import changes
from audit.report.changes_text import markdown_changes
from audit.report.document import ReportDocument
from audit.report.literal import code, literal, prose
from audit.report.markdown import LISTED, LONGEST, render_markdown
from tests.report_document import example_document

HOSTILE = [
    "a|b || c",
    "`code` ``two`` \\` \\| \\\\",
    "@everyone @org/team mail me@evil.example",
    "<script>alert(1)</script><img src=x onerror=alert(2)></details>",
    "[link](https://evil.example) ![image](//evil.example/x.png) [x]: y",
    "https://evil.example www.evil.example WWW.EVIL.EXAMPLE mailto:a@b.example ftp://x",
    "**bold** _it_ ~~gone~~ # head > quote - list 1. one",
    "&lt;b&gt; &#60;script&#62; :smile: $x$ $$y$$ #123 GH-1 org/repo#4",
    "<!-- comment --> <?php ?> <![CDATA[ x ]]>",
]
OURS = {"h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li", "br", "code"} | {
    "blockquote",
    "details",
    "summary",
}


def as_html(markdown: str) -> str:
    """What GitHub makes of it before it takes dangerous HTML out: nothing may be left for that step."""
    unsafe = cast("int", Options.CMARK_OPT_UNSAFE)  # pyright: ignore[reportUnknownMemberType]
    convert = cast("Callable[..., str]", cmarkgfm.github_flavored_markdown_to_html)  # pyright: ignore[reportUnknownMemberType]
    return convert(markdown, options=unsafe)


class Rendered(HTMLParser):
    """Tags, text, and the number of cells of each table row."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags, self.cells, self.text = set[str](), list[int](), ""
        self.feed(as_html(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert all(name == "align" for name, _ in attrs)
        if tag == "tr":
            self.cells.append(0)
        elif tag in ("td", "th"):
            self.cells[-1] += 1

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile_document() -> ReportDocument:
    document = example_document()
    for number, workload in enumerate(document["workloads"]):
        workload["name"] = workload["endpoint"] = HOSTILE[number % len(HOSTILE)]
    document["pair"]["candidate"] = HOSTILE[3]
    document["warnings"] = HOSTILE
    document["checks"][0] = {"name": HOSTILE[0], "ok": False, "detail": "x"}
    return document


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("written", [literal, code, prose])
def test_a_name_shows_as_it_is(name: str, written: object) -> None:
    assert callable(written)
    page = Rendered(f"| a | b |\n|---|---|\n| {written(name, 200)} | end |\n")
    shown = name.replace("`", "") if written is prose else name
    seen = page.text.replace("\u200b", "").replace("`", "") if written is prose else page.text.replace("\u200b", "")
    assert " ".join(shown.split()) in " ".join(seen.split())
    assert page.tags <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    assert page.cells == [2, 2]


def test_no_name_makes_markup_a_link_or_a_cell() -> None:
    page = Rendered(render_markdown(hostile_document()))
    assert page.tags <= OURS
    assert set(page.cells) == {6, 7}


def test_nobody_is_mentioned_and_no_issue_is_linked() -> None:
    text = Rendered(render_markdown(hostile_document())).text
    assert not re.search(r"@\w", text)
    assert not re.search(r"#\d", text)


def test_the_comment_opens_with_what_is_expected_and_that_it_is_a_projection() -> None:
    text = render_markdown(example_document())
    assert text.startswith("### <code>gpt-4o</code> to <code>gpt-4o-mini</code>: expected to save $7,425 of $22,184")
    assert "> Every saving here is a projection." in text
    for number in ("$2,150", "$1,999 to $2,158", "$16,245"):
        assert number in text


def test_failed_checks_are_said_at_the_top() -> None:
    text = render_markdown(hostile_document())
    assert text.index("Do not quote these figures.") < text.index("Requests")


def test_workloads_beyond_the_first_are_folded() -> None:
    document = example_document()
    document["workloads"] = document["workloads"] * 3
    text = render_markdown(document)
    before, folded = text.split("<details>")
    assert before.count("<br>") == LISTED
    assert "20 more workloads" in folded


@pytest.mark.parametrize("name", ["x" * 10_000, "@" * 10_000, "`|<" * 4_000])
def test_a_comment_is_never_longer_than_github_takes(name: str) -> None:
    document = example_document()
    document["workloads"] = [each.copy() for _ in range(50) for each in document["workloads"]]
    for number, each in enumerate(document["workloads"]):
        each["id"], each["name"] = f"w-{number}", name
    text = render_markdown(document)
    assert 3_000 < len(text) <= LONGEST
    assert Rendered(text).tags <= OURS
    earlier = example_document()
    earlier["workloads"] = []
    changed = markdown_changes(changes(earlier, document))
    assert 3_000 < len(changed) <= LONGEST
    assert "480 more are in" in changed


def test_what_changed_is_escaped_as_well() -> None:
    before = example_document()
    before["pair"] = hostile_document()["pair"]
    before["workloads"] = []
    page = Rendered(markdown_changes(changes(before, hostile_document())))
    assert page.tags <= OURS
    assert not re.search(r"@\w", page.text)
