"""The grading of one endpoint: one grader, and what it measures answers against."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from audit.errors import ConfigError, InputError
from audit.grading.answers import Reply
from audit.grading.grader import Grader, UnreadableError
from audit.grading.message import TRUNCATED, Answer
from audit.grading.references import References
from audit.grading.sample_folder import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The scores of both models on one request, or whose answer could not be read and why."""

    fate: Literal["graded", "failed", "incumbent_failed"]
    reason: str = ""
    incumbent_score: float | None = None
    candidate_score: float | None = None
    is_silent: bool = False
    """Both call no tool, which is all that was compared."""
    is_relative: bool = False
    """The incumbent's only answer was the yardstick, so it counts as right."""


class Desk:
    """Grades the replies on one endpoint; what an answer of the incumbent scores is found once."""

    def __init__(self, grader: Grader, sample: Sample, references: References, endpoint: str) -> None:
        """`references` are gold answers; they count for the endpoint as soon as one of its requests has one."""
        self.grader = grader
        self._sample = sample
        self._endpoint = endpoint
        self._gold: dict[str, object] = {}
        self._has_gold = False
        if grader.needs_reference:
            for sample_id, answer in references.expected.items():
                if sample.replays[sample_id].endpoint == endpoint:
                    self._gold[sample_id] = self._gold_value(sample_id, answer)
            self._has_gold = bool(self._gold)
        self._absolute: dict[str, float] = {}

    def check(self, incumbents: Iterable[tuple[str, Reply | None]]) -> None:
        """ConfigError where the grader's settings do not fit one reference of the endpoint, as a misspelt field."""
        expected = list(self._gold.values())
        if not self._has_gold:
            for sample_id, reply in incumbents:
                answer = self._incumbent(sample_id, reply)
                value = None if answer is None else self._read(answer)
                if value is not None and not isinstance(value, UnreadableError):
                    expected.append(value)
        problem = self.grader.check(expected)
        if problem is not None:
            raise ConfigError(f'[graders."{self._endpoint}"] of audit.toml: {problem}; nothing was added')

    def verdict(self, sample_id: str, reply: Reply, first: Reply | None, second: Reply | None) -> Verdict | str:
        """The scores that `reply` makes, or in words why there is nothing to pair it with.

        `first` is the incumbent's answer where the log has none, `second` its answer when asked again.
        """
        incumbent, given = self._incumbent(sample_id, first), reply.answer
        if incumbent is None or given is None:
            return "no answer of the incumbent in the log or in these files"
        if self._has_gold and sample_id not in self._gold:
            return "no answer is expected in --references"
        both_cut = incumbent.failure == given.failure == TRUNCATED
        reference = self._read(incumbent, is_whole=both_cut)
        if isinstance(reference, UnreadableError):
            return Verdict(fate="incumbent_failed", reason=str(reference))
        expected = self._gold.get(sample_id, reference) if self.grader.needs_reference else None
        is_measured = self._has_gold or not self.grader.needs_reference
        if is_measured:
            if sample_id not in self._absolute:
                self._absolute[sample_id] = self.grader.score(reference, expected)
            incumbent_score = self._absolute[sample_id]
        else:
            incumbent_score = self._repeat(reference, second, is_whole=incumbent.failure == TRUNCATED)
        value = self._read(given, is_whole=both_cut)
        if isinstance(value, UnreadableError):
            return Verdict(fate="failed", reason=str(value), incumbent_score=incumbent_score, candidate_score=0.0)
        return Verdict(
            fate="graded",
            incumbent_score=incumbent_score,
            candidate_score=self.grader.score(value, expected),
            is_relative=not is_measured and (second is None or second.answer is None),
            is_silent=self.grader.kind == "tool_calls" and not value and not expected,
        )

    def _repeat(self, reference: object, second: Reply | None, *, is_whole: bool) -> float:
        """How far the incumbent's second answer agrees with its first; 1 where it was not asked again."""
        if second is None or second.answer is None:
            return 1.0
        value = self._read(second.answer, is_whole=is_whole)
        return 0.0 if isinstance(value, UnreadableError) else self.grader.score(value, reference)

    def _incumbent(self, sample_id: str, reply: Reply | None) -> Answer | None:
        return self._sample.logged.get(sample_id) or (reply.answer if reply is not None else None)

    def _read(self, answer: Answer, *, is_whole: bool = False) -> object | UnreadableError:
        """What the grader compares; a cut-off answer is read as it is where its partner was cut off too."""
        if answer.failure is not None and not (is_whole and answer.failure == TRUNCATED):
            return UnreadableError(answer.failure)
        try:
            return self.grader.read(answer)
        except UnreadableError as error:
            return error

    def _gold_value(self, sample_id: str, answer: Answer) -> object:
        try:
            return self.grader.read(answer)
        except UnreadableError as error:
            raise InputError(
                f"--references: what is expected of request {sample_id!r} cannot be read by the {self.grader.kind} "
                f"grader of endpoint {self._endpoint!r} ({error})"
            ) from error
