"""Texts that stand in for what was said: cut off, blacked out, or moved elsewhere by the tool that logged them.

A request with one of them is not the request that was made, so it is never replayed.
"""

import re

from audit.conversations.values import UnavailableError, is_list, is_object

MARKS = {
    "was redacted by LiteLLM": re.compile(r"^\s*redacted-by-litellm"),
    "was cut off by LiteLLM": re.compile(r"litellm_truncated|\.\.\. \(truncated \d+ chars\)"),
    "was redacted by OpenInference": re.compile(r"^__REDACTED__$"),
    "was cut off when it was logged": re.compile(
        r"(\.\.\.|…)\s*[\[(<]?\s*(\d+ \w+ )?truncated\b[^\n]{0,40}$|[\[(<]\s*truncated\s*[\])>]\s*$", re.IGNORECASE
    ),
    "holds media that Langfuse keeps elsewhere": re.compile(r"@@@langfuseMedia:"),
    "was left out by Helicone": re.compile(r"^helicone-(omit|redact)"),
}
"""Reason -> how the text looks. LiteLLM: `redact_messages.py` and `spend_tracking_utils.py`; OpenInference: its
specification of `OPENINFERENCE_HIDE_INPUTS`; Langfuse: "Multi-modality", the reference of media in a text."""


def refuse_marked(value: object, what: str = "its text") -> None:
    """Raises UnavailableError where a text inside of `value` only stands in for another."""
    if isinstance(value, str):
        for reason, looks in MARKS.items():
            if looks.search(value):
                raise UnavailableError(f"{what} {reason}")
    elif is_object(value):
        for part in value.values():
            refuse_marked(part, what)
    elif is_list(value):
        for part in value:
            refuse_marked(part, what)
