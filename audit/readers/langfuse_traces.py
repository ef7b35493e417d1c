"""Traces of Langfuse as JSON, taken apart into observations; and the scores of both."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from audit.readers.reader import unroll_page
from audit.readers.sniff import Record, is_trace, page_key

SCORE = "feedbackScore"
"""The key under which an observation gets the score that was chosen for it."""
OF_TRACE = {"name": "traceName", "tags": "traceTags", "userId": "userId", "sessionId": "sessionId"}
"""What only the trace says, and the key under which each of its observations gets it."""
JUDGING = re.compile("feedback|rating|thumb|satisf|helpful|quality|correct|accura", re.IGNORECASE)
"""Names of scores that grow with the quality of an answer; toxicity, say, does not."""


def observations_in(part: object) -> Iterable[object]:
    """The observations of a trace with the trace's name, tags, user, session and score on each; else of a page."""
    if page_key(part):
        for record in unroll_page(part):
            yield from observations_in(record)
    elif not isinstance(part, dict) or not is_trace(found := cast("Record", part)):
        yield part
    else:
        inside = found.get("trace")
        trace = cast("Record", inside) if isinstance(inside, dict) else found
        scores = [cast("Record", score) for score in _listed(trace.get("scores")) if isinstance(score, dict)]
        for observation in cast("list[Record]", found["observations"]):
            added = {key: trace[name] for name, key in OF_TRACE.items() if trace.get(name) is not None}
            own = [score for score in scores if score.get("observationId") == observation.get("id")]
            shared = [score for score in scores if not score.get("observationId")]
            if (score := _chosen(own)) is not None or (score := _chosen(shared)) is not None:
                added[SCORE] = score
            yield added | {key: value for key, value in observation.items() if value is not None or key not in added}


def judging_score(names: Sequence[str]) -> str | None:
    """The one of several scores that says how good an answer was: by its name, else the only one there is."""
    return next((name for name in names if JUDGING.search(name)), names[0] if len(names) == 1 else None)


def _chosen(scores: Sequence[Mapping[str, object]]) -> float | None:
    numbers = {
        str(score.get("name")): float(value)
        for score in scores
        if isinstance(value := score.get("value"), int | float) and score.get("dataType") != "CATEGORICAL"
    }
    name = judging_score(list(numbers))
    return None if name is None else numbers[name]


def _listed(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
