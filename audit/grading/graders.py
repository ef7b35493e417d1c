"""Which grader an endpoint gets: the one audit.toml names, or the one that what was asked leaves no doubt about."""

import re
from collections.abc import Iterable, Mapping

from audit.errors import ConfigError
from audit.grader_settings import GraderSettings, choices
from audit.grading.command_grader import TIMEOUT, Command, resolved
from audit.grading.embedding_grader import Embedding, load_encoder
from audit.grading.grader import Grader
from audit.grading.json_grader import Json, ToolCalls
from audit.grading.sample_folder import Sample
from audit.grading.text_graders import Exact, Numeric, Pattern, Words

ELSEWHERE = ("label", "judge")
"""Kinds that score no answer here: people do, or another batch."""


def grader(settings: GraderSettings) -> Grader:
    """The grader that the settings describe; ConfigError where a model or a program is not there."""
    match settings.kind:
        case "exact":
            return Exact()
        case "text":
            return Words(
                ignore_case=settings.flag("ignore_case", default=True),
                ignore_punctuation=settings.flag("ignore_punctuation", default=False),
            )
        case "regex":
            flags = re.IGNORECASE if settings.flag("ignore_case", default=False) else 0
            return Pattern(
                pattern=re.compile(settings.text("pattern"), flags), whole=settings.flag("whole", default=False)
            )
        case "numeric":
            pattern = settings.text("pattern")
            return Numeric(
                pattern=re.compile(pattern) if pattern else None,
                tolerance=settings.number("tolerance"),
                relative_tolerance=settings.number("relative_tolerance"),
            )
        case "json":
            return Json(
                fields=settings.texts("fields"),
                ignore=settings.texts("ignore"),
                tolerance=settings.number("tolerance"),
                ignore_order=settings.flag("ignore_order", default=False),
                allow_fences=settings.flag("allow_fences", default=True),
            )
        case "tool_calls":
            return ToolCalls(
                ignore=settings.texts("ignore"),
                tolerance=settings.number("tolerance"),
                ignore_order=settings.flag("ignore_order", default=False),
            )
        case "embedding":
            return Embedding(
                encoder=load_encoder(settings.folder / settings.text("model")), threshold=settings.number("threshold")
            )
        case "command":
            return Command(
                command=resolved(settings.texts("command"), settings.folder),
                file=settings.text("file"),
                timeout=settings.number("timeout", TIMEOUT),
            )
        case _:
            raise ConfigError(f"a {settings.kind!r} grader scores nothing here; {choices()}")


def settings_by_endpoint(
    endpoints: Iterable[str], sample: Sample, named: Mapping[str, GraderSettings]
) -> dict[str, GraderSettings]:
    """The settings of every endpoint of a sample; ConfigError lists those for which somebody has to choose.

    Without a choice in audit.toml an endpoint whose logged answers are all tool calls is compared by those, one whose
    requests all ask for JSON by its fields. Free text never gets a grader unasked: exact equality would call every
    paraphrase a failure.
    """
    found: dict[str, GraderSettings] = {}
    undecided: list[str] = []
    for endpoint in sorted(set(endpoints)):
        seen = named.get(endpoint) or _evident(endpoint, sample)
        if seen is None:
            undecided.append(endpoint)
        else:
            found[endpoint] = seen
    if undecided:
        tables = "".join(f'\n  [graders."{endpoint}"]' for endpoint in undecided)
        raise ConfigError(
            f"name a grader for endpoint {', '.join(map(repr, undecided))} in audit.toml; nothing was added. "
            f'Each needs a table with its kind:{tables}\n  kind = "..."\n{choices()}'
        )
    return found


def _evident(endpoint: str, sample: Sample) -> GraderSettings | None:
    ids = [replay.sample_id for replay in sample.replays.values() if replay.endpoint == endpoint]
    logged = [sample.logged[sample_id] for sample_id in ids if sample_id in sample.logged]
    if logged and all(answer.tool_calls for answer in logged):
        return GraderSettings(kind="tool_calls")
    asked = [sample.is_json[sample_id] for sample_id in ids if sample_id in sample.is_json]
    return GraderSettings(kind="json") if asked and all(asked) else None
