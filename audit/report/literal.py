"""Text from a log as text in GitHub's Markdown: no markup, no mention, no link, no way out of a table.

Every ASCII character that can mean something is written as a numeric character reference, which by CommonMark (section
2.5) is never structure. Mentions, issue numbers and mail addresses are found by GitHub in the rendered text, so what
makes one is followed by a zero-width space.
"""

import re

from audit.report import words

_MEANS_SOMETHING = re.compile(
    r"[^A-Za-z0-9 ,.;()%+=':/$\x80-\U0010ffff-]|:(?! |$)|/(?=/)|\$(?!\d)|(?<=\bwww)\.", re.IGNORECASE
)
"""A colon can begin an emoji, two slashes a link, dollars a formula."""
_TELLING = {"@", "#"}
"""A user or team, an issue."""


def literal(text: object, limit: int = 80) -> str:
    """One line of text that shows as it is.

    >>> literal("a|b @you <b>")
    'a&#124;b &#64;&#8203;you &#60;b&#62;'
    """
    return _escaped(words.clean(text, limit))


def code(text: object, limit: int = 80) -> str:
    """The same in the letters of code, which GitHub looks into for nothing."""
    return f"<code>{literal(text, limit)}</code>"


def prose(text: str, limit: int = 600) -> str:
    """A sentence of the report, with names in it; its `backquoted` parts are code.

    >>> prose("see `a_b` first")
    'see <code>a&#95;b</code> first'
    """
    parts = re.split("`([^`]+)`", words.clean(text, limit))
    return "".join(
        f"<code>{_escaped(part)}</code>" if index % 2 else _escaped(part) for index, part in enumerate(parts)
    )


def _escaped(line: str) -> str:
    return _MEANS_SOMETHING.sub(lambda found: f"&#{ord(found[0])};{'&#8203;' if found[0] in _TELLING else ''}", line)
