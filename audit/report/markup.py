"""HTML built as a tree, so that text can only ever become text.

Every name in a report comes from somebody's log. Strings enter the tree as content or attribute values and
the standard library's serialiser escapes them; there is no way to write markup from a string.
"""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, tostring

Content = str | Element | None | Iterable["Content"]


def el(tag: str, *content: Content, **attributes: str | float | None) -> Element:
    """An element with its content in order.

    Attribute names drop a trailing underscore and turn the others into hyphens (`class_`, `aria_label`);
    an attribute that is None is left out.

    >>> to_html(el("p", "a < b ", el("b", "c"), " d", class_="x"))
    '<p class="x">a &lt; b <b>c</b> d</p>'
    """
    node = Element(tag)
    for name, value in attributes.items():
        if value is not None:
            node.set(name.rstrip("_").replace("_", "-"), str(value))
    _append(node, content)
    return node


def to_html(node: Element) -> str:
    """The element as HTML text, everything escaped."""
    return tostring(node, encoding="unicode", method="html")


def _append(node: Element, content: Content) -> None:
    if content is None:
        return
    if isinstance(content, Element):
        node.append(content)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(content, str):
        if len(node):
            node[-1].tail = (node[-1].tail or "") + content
        else:
            node.text = (node.text or "") + content
    else:
        for part in content:
            _append(node, part)
