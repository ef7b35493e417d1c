"""The part of the report document that sets models side by side: how long answers take, intelligence and price."""

from typing import Literal, TypedDict


class PublishedSpeed(TypedDict):
    """Speed as somebody else measured it; `seconds` is what it makes of an answer of the traffic's mean length."""

    output_tokens_per_second: float
    time_to_first_token_seconds: float
    seconds: float
    source: str
    checked_on: str


class AnswerTime(TypedDict):
    """One model: mean seconds of an answer in the log over `requests` that state it, and its published speed."""

    model: str
    role: Literal["incumbent", "candidate"]
    requests: int
    seconds: float | None
    published: PublishedSpeed | None


class LikeForLike(TypedDict):
    """Mean seconds on the same kinds of question, weighted by the incumbent's requests of each kind."""

    incumbent_requests: int
    candidate_requests: int
    incumbent_seconds: float
    candidate_seconds: float


class Latency(TypedDict):
    """What moving would do to the time of an answer, as far as log or publication tell."""

    output_tokens: float
    models: list[AnswerTime]
    like_for_like: LikeForLike | None


class KnownModel(TypedDict):
    """A model of the traffic or a candidate, with what is published of it; null is unknown."""

    model: str
    provider_name: str
    role: Literal["incumbent", "candidate", "other"]
    usd_per_request: float | None
    intelligence_index: float | None
    source: str | None
    checked_on: str | None


class Intelligence(TypedDict):
    """Published intelligence against the price of one request of `input_tokens` and `output_tokens`."""

    input_tokens: int
    output_tokens: int
    models: list[KnownModel]
