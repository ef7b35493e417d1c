"""What a sample folder remembers of its requests: the bridge from `audit sample` to `audit outcomes add`.

The folder is the user's own and holds prompts; the database never does. `manifest.json` says how the sample was drawn,
`replays.jsonl` has one line per request, `answers.jsonl` the answers found in the logs, and `<role>-001.jsonl` onwards
are inputs of the OpenAI Batch API (https://platform.openai.com/docs/guides/batch) whose custom ids lead back here.
`unavailable.csv` lists the requests whose text is not in the export, for a harness that has it.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, cast

from audit.errors import InputError

SCHEMA = "traffic-audit/sample/1"
MANIFEST, REPLAYS, ANSWERS, UNAVAILABLE = "manifest.json", "replays.jsonl", "answers.jsonl", "unavailable.csv"

Role = Literal["candidate", "incumbent", "again", "judge-ab", "judge-ba"]
"""Who answers: the candidate; the incumbent where the log has no answer; the incumbent once more, for its own noise;
a judge of both, in either order."""

ROLES: tuple[Role, ...] = ("candidate", "incumbent", "again")

ORDERS: tuple[Role, ...] = ("judge-ab", "judge-ba")
"""A judge compares both answers twice: the incumbent's first, and the candidate's first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One sampled request."""

    sample_id: str
    """16 hex digits of the request's key in the database: the same request has the same id in every sample."""
    request_id: str | None
    path: str
    record_number: int
    endpoint: str
    workload_id: str
    stratum: str
    incumbent_model: str
    candidate_model: str
    inclusion_probability: float
    template_hash: str | None
    request_date: str
    incumbent_output_tokens: int | None
    roles: tuple[Role, ...]
    """Batch inputs that hold this request; none where its text could not be read again."""
    has_logged_answer: bool
    unavailable: str | None
    """Why the text could not be read again: the user's own harness has to replay this id."""

    @property
    def weight(self) -> float:
        """Requests it stands for, 1 / inclusion probability. Horvitz and Thompson 1952."""
        return 1 / self.inclusion_probability


def custom_id(sample_id: str, role: str) -> str:
    """Id of one line of a batch file.

    >>> custom_id("00c0ffee00c0ffee", "candidate")
    '00c0ffee00c0ffee-candidate'
    """
    return f"{sample_id}-{role}"


def write_replays(folder: Path, replays: Iterable[Replay]) -> None:
    """Write `replays.jsonl`, one line per request."""
    with (folder / REPLAYS).open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(replay), ensure_ascii=False) + "\n" for replay in replays)


def read_replays(folder: Path) -> Iterator[Replay]:
    """The requests of a sample folder; InputError names the file and line that is not one."""
    path = folder / REPLAYS
    if not path.is_file():
        raise InputError(f"{folder}: no {REPLAYS} in it; give the folder that `audit sample` wrote")
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                fields = cast("dict[str, object]", json.loads(line))
                if not isinstance(probability := fields["inclusion_probability"], float | int):
                    raise TypeError(f"inclusion_probability is {probability!r}, not a number")
                roles = tuple(cast("list[Role]", fields.pop("roles")))
                yield Replay(roles=roles, **fields)  # pyright: ignore[reportArgumentType]
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise InputError(f"{path}, line {number:,}: not a sampled request ({error})") from error
