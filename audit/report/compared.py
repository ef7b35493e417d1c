"""The comparison of two models on the page: the collapsed last section of a report, or a page of its own."""

from collections.abc import Mapping, Sequence
from typing import cast
from xml.etree.ElementTree import Element

from audit.report import words
from audit.report.comparison_cells import Table, names
from audit.report.comparison_tables import sources, tables
from audit.report.document import ReportDocument
from audit.report.markup import Content, el
from audit.report.tables import name, part, table

Document = Mapping[str, object]


def section(document: ReportDocument) -> Element | None:
    """The report's pair side by side, folded away; None where the document is older than the comparison."""
    comparison = document.get("comparison")
    if comparison is None:
        return None
    return part(
        "comparison",
        f"Published figures of {' and '.join(names(comparison))}",
        "What is known of both models anywhere, and what a typical request of this traffic costs on either.",
        _bottom_line(comparison),
        el(
            "details",
            el("summary", "Prices, benchmarks, tasks and your typical request"),
            el("div", _figures(comparison), class_="compared"),
        ),
    )


def body(document: Document) -> list[Element]:
    """The comparison as the body of a page."""
    one, other = names(document)
    catalogue = cast("Mapping[str, str]", document["catalogue"])
    priced = f"genai-prices {words.clean(catalogue['version'])}, verified {words.clean(catalogue['checked_on'])}"
    return [
        el("a", "Skip to the comparison", href="#comparison", class_="skip"),
        el(
            "header",
            el("p", "Two models side by side", class_="overline"),
            el("h1", name(one), " and ", name(other)),
            el("p", f"Prices of {words.clean(document['on'])}: {priced}.", class_="muted"),
        ),
        el(
            "main",
            part(
                "comparison",
                "The bottom line",
                "",
                _bottom_line(document),
                el("div", _figures(document), class_="compared"),
            ),
        ),
        el("footer", el("p", words.clean(document["schema"]))),
    ]


def _bottom_line(document: Document) -> Element:
    return _list(cast("Sequence[str]", document["bottom_line"]))


def _figures(document: Document) -> list[Element]:
    """Every table, then what must be known beside them."""
    claims = cast("Sequence[Mapping[str, str]]", document["unverified_claims"])
    notes = [
        *cast("Sequence[str]", document["notes"]),
        *(f"Not verified: \u201c{claim['claim']}\u201d ({claim['status']})." for claim in claims),
    ]
    return [
        *(node for each in tables(document) for node in _table(each)),
        _list(notes),
        el("h3", "Sources"),
        # an address without its scheme: a text search for one shows that the page calls nobody
        _list([source.replace("https://", "") for source in sources(document)]),
    ]


def _table(shown: Table) -> list[Element]:
    rows = [[name(row[0]), *row[1:]] for row in shown.rows]
    drawn = table(shown.title, shown.heads, cast("list[list[Content]]", rows), range(shown.labels, len(shown.heads)))
    return [drawn, el("p", shown.note, class_="small muted")] if shown.note else [drawn]


def _list(sentences: Sequence[str]) -> Element:
    return el("ul", [el("li", _prose(sentence)) for sentence in sentences], class_="points")


def _prose(sentence: str) -> list[Content]:
    """A sentence with what stands between backticks as code."""
    parts = words.clean(sentence, 1000).split("`")
    return [el("code", each) if place % 2 else each for place, each in enumerate(parts)]
