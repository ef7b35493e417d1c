"""Graders as audit.toml makes them, and the score of one text against another."""

from sample_folders import tool_calls

from audit.grader_settings import GraderSettings
from audit.grading.grader import Grader, UnreadableError
from audit.grading.graders import grader
from audit.grading.message import Answer, answer_of_message

UNREADABLE = "unreadable"


def made(kind: str, **options: object) -> Grader:
    """A grader as audit.toml would make it."""
    return grader(GraderSettings(kind=kind, options=options))


def scored(tool: Grader, given_text: str, expected_text: str) -> float | str:
    """The score of one text against another, or that one of them cannot be read."""
    try:
        expected = tool.read(Answer(text=expected_text)) if tool.needs_reference else None
        return tool.score(tool.read(Answer(text=given_text)), expected)
    except UnreadableError:
        return UNREADABLE


def calling(*calls: tuple[str, object]) -> Answer:
    """An answer that only calls tools."""
    return answer_of_message({"role": "assistant", "content": None, "tool_calls": tool_calls(*calls)})
