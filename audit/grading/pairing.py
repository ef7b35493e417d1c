"""Answers, references and graders -> pairs, and for every reply what became of it.

A pair says how both models did on one request. Against a reference of the user's both are graded; without one the
incumbent's logged answer is the reference, so that the candidate's score is its agreement with it, and the incumbent's
is the agreement of its own second answer where it was asked again, else 1: the incumbent is then taken to be right
whatever it says, which is the harder test for the candidate.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from audit.grader_settings import GraderSettings
from audit.grading.answers import Replies, Reply
from audit.grading.desk import Desk, Verdict
from audit.grading.graders import ELSEWHERE, grader
from audit.grading.references import References
from audit.grading.sample_folder import Sample
from audit.progress import Progress, silent
from audit.sampling.manifest import Replay, Role, custom_id

Fate = Literal["graded", "failed", "reference", "not_answered", "incumbent_failed", "unpaired", "ungraded"]
"""What became of a reply: `failed` counts against the model that gave it, `incumbent_failed` cannot count at all."""

Mine = Mapping[Role, Reply]
"""The replies to one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both models on one request; scores are None where the incumbent's answer could not be read."""

    replay: Replay
    reply: Reply
    """The answer graded: the candidate's, or the incumbent's second."""
    incumbent_reply: Reply | None
    """The incumbent's first answer, where the replay had to ask for it."""
    grader: str
    incumbent_score: float | None = None
    candidate_score: float | None = None
    parse_failed: bool = False
    incumbent_failed: bool = False


@dataclass(slots=True)
class Graded:
    """The pairs of a sample and the count of every reply by what became of it."""

    pairs: list[Pair] = field(default_factory=list[Pair])
    fates: Counter[Fate] = field(default_factory=Counter[Fate])
    reasons: Counter[tuple[Fate, str]] = field(default_factory=Counter[tuple[Fate, str]])
    again_ids: Sequence[str] = ()
    """Custom ids of replies that were no answer: to be replayed."""
    missing_ids: Sequence[str] = ()
    """Custom ids of the sample without any line."""
    unrepeated: int = 0
    """Pairs of the candidate whose incumbent counts as right because it was not asked again."""
    alone: int = 0
    """Second answers of the incumbent to requests without a reply of the candidate in these files."""
    both_silent: int = 0
    """Pairs that agree only in calling no tool."""

    def count(self, fate: Fate, reason: str = "") -> None:
        """One more reply has met its fate."""
        self.fates[fate] += 1
        if reason:
            self.reasons[fate, reason] += 1


def pair_answers(
    sample: Sample,
    replies: Replies,
    settings: Mapping[str, GraderSettings],
    references: References,
    progress: Progress = silent,
) -> Graded:
    """All pairs that the replies make, by endpoint and sample id; ConfigError where a grader cannot be meant so."""
    result = Graded()
    mine: dict[str, dict[Role, Reply]] = {}
    for (sample_id, role), reply in replies.chosen.items():
        mine.setdefault(sample_id, {})[role] = reply
    with progress("grading", len(mine)) as advance:
        for endpoint, members in _by_endpoint(sample, sorted(mine)):
            kind = settings[endpoint].kind
            desk = None
            if kind not in ELSEWHERE:
                desk = Desk(grader(settings[endpoint]), sample, references, endpoint)
                desk.check([(replay.sample_id, mine[replay.sample_id].get("incumbent")) for replay in members])
            for replay in members:
                _count_incumbent(replay, mine[replay.sample_id], sample, result)
                for role in ("candidate", "again"):
                    reply = mine[replay.sample_id].get(role)
                    if reply is None:
                        continue
                    if reply.answer is None:
                        result.count("not_answered", reply.unanswered)
                    elif desk is not None:
                        first = None if replay.sample_id in sample.logged else mine[replay.sample_id].get("incumbent")
                        _grade(replay, reply, first, mine[replay.sample_id], desk, result)
                    elif kind == "label":
                        _label(replay, reply, references, result)
                    else:
                        result.count("ungraded", f"endpoint {endpoint!r} is left to its {kind}")
                advance(1)
    planned = {custom_id(replay.sample_id, role) for replay in sample.replays.values() for role in replay.roles}
    unanswered = (custom_id(*key) for key, reply in replies.chosen.items() if reply.answer is None)
    result.again_ids = sorted(unanswered)
    result.missing_ids = sorted(planned - {custom_id(*key) for key in replies.chosen})
    return result


def _by_endpoint(sample: Sample, sample_ids: Sequence[str]) -> Iterator[tuple[str, list[Replay]]]:
    found: dict[str, list[Replay]] = {}
    for sample_id in sample_ids:
        replay = sample.replays[sample_id]
        found.setdefault(replay.endpoint, []).append(replay)
    yield from sorted(found.items())


def _count_incumbent(replay: Replay, mine: Mine, sample: Sample, result: Graded) -> None:
    """What became of the reply that stands in for an answer the log does not have."""
    reply = mine.get("incumbent")
    if reply is None:
        return
    if reply.answer is None:
        result.count("not_answered", reply.unanswered)
    elif replay.sample_id in sample.logged:
        result.count("unpaired", "the log has this answer of the incumbent")
    elif reply.answer.failure is not None:
        result.count("incumbent_failed", reply.answer.failure)
    else:
        result.count("reference")


def _grade(replay: Replay, reply: Reply, first: Reply | None, mine: Mine, desk: Desk, result: Graded) -> None:
    second = mine.get("again") if reply.role == "candidate" else None
    verdict = desk.verdict(replay.sample_id, reply, first, second)
    if isinstance(verdict, str):
        result.count("unpaired", verdict)
        return
    result.count(verdict.fate, verdict.reason)
    result.unrepeated += verdict.is_relative and reply.role == "candidate"
    result.alone += verdict.is_relative and "candidate" not in mine
    result.both_silent += verdict.is_silent
    result.pairs.append(_pair(replay, reply, first, desk.grader.kind, verdict))


def _pair(replay: Replay, reply: Reply, first: Reply | None, kind: str, verdict: Verdict) -> Pair:
    return Pair(
        replay=replay,
        reply=reply,
        incumbent_reply=first,
        grader=kind,
        incumbent_score=verdict.incumbent_score,
        candidate_score=verdict.candidate_score,
        parse_failed=verdict.fate == "failed",
        incumbent_failed=verdict.fate == "incumbent_failed",
    )


def _label(replay: Replay, reply: Reply, references: References, result: Graded) -> None:
    scores = [references.scores.get((replay.sample_id, role)) for role in ("incumbent", reply.role)]
    if None in scores:
        result.count("ungraded", "nobody has scored both answers")
        return
    result.count("graded")
    verdict = Verdict(fate="graded", incumbent_score=scores[0], candidate_score=scores[1])
    result.pairs.append(_pair(replay, reply, None, "label", verdict))
