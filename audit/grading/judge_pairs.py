"""Replies to a sample -> both answers of every request side by side, with what they were asked."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from audit.grading.answers import Replies, Reply, answered
from audit.grading.judge_rubric import conversation_of, holds_media
from audit.grading.message import Answer
from audit.grading.pairing import Pair
from audit.grading.sample_folder import Sample, asked_bodies
from audit.sampling.manifest import Replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One pair with its texts; the pair is without scores yet."""

    pair: Pair
    conversation: object
    incumbent: Answer
    candidate: Answer

    @property
    def is_countable(self) -> bool:
        """Whether there are two answers to compare."""
        return not self.pair.parse_failed and not self.pair.incumbent_failed

    @property
    def is_same(self) -> bool:
        """Two answers alike to the letter need no judge: a tie."""
        one, other = self.incumbent, self.candidate
        return self.is_countable and (one.text, one.tool_calls) == (other.text, other.tool_calls)


def compared(sample: Sample, replies: Replies, endpoints: Collection[str], counts: Counter[str]) -> Iterator[Compared]:
    """The pairs of these endpoints by sample id; `counts` gets what became of every reply of the candidate.

    A reply that failed counts against the model that gave it, as under every grader.
    """
    asked = {sample_id: conversation_of(body) for sample_id, body in asked_bodies(sample.folder)}
    for reply in answered(replies.chosen, "candidate"):
        replay = sample.replays[reply.sample_id]
        first = replies.chosen.get((reply.sample_id, "incumbent"))
        incumbent = sample.logged.get(reply.sample_id) or (None if first is None else first.answer)
        conversation = asked.get(reply.sample_id)
        why = _obstacle(replay, reply, incumbent, conversation, endpoints)
        if why or reply.answer is None or incumbent is None:
            counts[why] += 1
            continue
        found = Compared(
            pair=Pair(
                replay=replay,
                reply=reply,
                incumbent_reply=None if reply.sample_id in sample.logged else first,
                grader="judge",
                parse_failed=reply.answer.failure is not None and incumbent.failure is None,
                incumbent_failed=incumbent.failure is not None,
            ),
            conversation=conversation,
            incumbent=incumbent,
            candidate=reply.answer,
        )
        counts[_fate(found)] += 1
        yield found


def _fate(found: Compared) -> str:
    if found.pair.incumbent_failed:
        return "incumbent_failed"
    if found.pair.parse_failed:
        return "candidate_failed"
    return "same" if found.is_same else "judged"


def _obstacle(
    replay: Replay, reply: Reply, incumbent: Answer | None, conversation: object, endpoints: Collection[str]
) -> str:
    """Why this reply cannot be judged; '' where it can."""
    if replay.endpoint not in endpoints:
        return "other_endpoint"
    if reply.answer is None:
        return "not_answered"
    if incumbent is None:
        return "no_incumbent_answer"
    if conversation is None:
        return "no_prompt_in_sample"
    return "images_or_audio" if holds_media(conversation) else ""
