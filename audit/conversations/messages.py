"""Messages of any vendor, log or framework as the messages of a chat completion.

What a message loses is what no request is given back: thoughts, annotations, marks for a cache. Whatever else has no
place in a chat completion makes the whole request unavailable, because half of a conversation is another one.
"""

from collections.abc import Iterable, Sequence

from audit.conversations.marks import refuse_marked
from audit.conversations.parts import (
    CALLS,
    RESULTS,
    THOUGHTS,
    Pieces,
    content_of,
    joined,
    pieces_of,
    tool_call,
    tool_result,
)
from audit.conversations.values import Json, UnavailableError, first, is_list, is_object, kept, listed, record, text

ROLES = {
    **{name: name for name in ("system", "developer", "user", "assistant", "tool", "function")},
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "AIMessageChunk": "assistant",
}
"""Role in a log -> role of a chat completion: LangChain says human and ai, Gemini says model."""
LANGCHAIN = {
    "SystemMessage": "system",
    "HumanMessage": "user",
    "HumanMessageChunk": "user",
    "AIMessage": "assistant",
    "AIMessageChunk": "assistant",
    "ToolMessage": "tool",
    "FunctionMessage": "function",
}
CHAT_PARTS = {"text": "text", "image_url": "image_url", "refusal": "refusal"}
"""Kind of a part of a chat completion -> the key that it has there and in no other shape."""


def chat_messages(items: Iterable[object], instructions: object = None) -> list[Json]:
    """The messages of a request; `instructions` is a system prompt that stands beside them.

    Raises UnavailableError where one of them is not wholly there, or has no place in a chat completion.
    """
    transcript = _Transcript()
    if instructions:
        transcript.messages.append({"role": "system", "content": _instruction(instructions)})
    for item in items:
        transcript.add(item)
    if not any(message["role"] != "system" for message in transcript.messages):
        raise UnavailableError("the record holds no messages")
    return transcript.messages


def assistant_message(item: object) -> Json | None:
    """One message that a model gave; None where it says nothing and calls nothing."""
    transcript = _Transcript()
    transcript.add(item if is_object(item) and "role" in item else record(item) | {"role": "assistant"})
    found = next((message for message in transcript.messages if message["role"] == "assistant"), None)
    if found is not None:
        refuse_marked(found, "the answer")
    return found


def _instruction(given: object) -> object:
    if isinstance(given, str):
        return given
    inner = record(given).get("parts", given)
    content = content_of(listed(inner) if is_list(inner) else [inner])
    if content is None:
        raise UnavailableError("its system prompt was not logged")
    return content


class _Transcript:
    """The messages until now, and (name, id) of the tool calls in them, and of those that no result has answered."""

    def __init__(self) -> None:
        self.messages: list[Json] = []
        self.called: list[tuple[str, str]] = []
        self.waiting: list[tuple[str, str]] = []
        self.given_ids = 0

    def add(self, item: object) -> None:
        """Append what one item of a log is: a message, or a call or result that stands by itself."""
        found = _plain(record(item))
        kind = found.get("type")
        if "role" in found:
            self._message(found)
        elif kind in CALLS:
            self._call(tool_call(found))
        elif kind in RESULTS:
            self._result(tool_result(found))
        elif kind not in THOUGHTS:
            raise UnavailableError(
                f"holds an item of kind {str(kind)!r}" if kind else "its input is no list of messages"
            )

    def _message(self, found: Json) -> None:
        role = ROLES.get(str(found["role"]))
        if role is None:
            raise UnavailableError(f"holds a message of role {str(found['role'])!r}")
        if found.get("audio"):
            raise UnavailableError("holds audio")
        given = first(found, "content", "parts")
        pieces = Pieces() if given is None or isinstance(given, str) else pieces_of(_several(given))
        content = given if isinstance(given, str) else joined(pieces.content)
        if is_list(given) and _is_chat_shaped(listed(given)):
            content = pieces.content
        for result in pieces.results:
            self._result(result)
        if role == "tool":
            if not pieces.results:
                self._result({**kept(found, ("tool_call_id", "name")), "content": "" if content is None else content})
        elif role == "assistant":
            self._assistant(found, content, pieces)
        elif content is not None:
            self.messages.append({"role": role, "content": content, **kept(found, ("name",))})
        elif not pieces.results:
            raise UnavailableError("holds a message whose content was not logged")

    def _assistant(self, found: Json, content: object, pieces: Pieces) -> None:
        message: Json = {"role": "assistant", "content": content, **kept(found, ("name",))}
        if text(found.get("refusal")):
            message["refusal"] = found["refusal"]
        if (legacy := record(found.get("function_call"))) and "name" in legacy:
            message["function_call"] = kept(legacy, ("name", "arguments"))
        calls = [*(tool_call(record(call)) for call in _own_calls(found)), *pieces.calls]
        if content is None and not calls and not message.keys() & {"refusal", "function_call"}:
            if listed(found.get("content")):  # thoughts alone
                return
            raise UnavailableError("holds an answer whose content was not logged")
        self.messages.append(message)
        for call in calls:
            self._call(call, message)

    def _call(self, call: Json, message: Json | None = None) -> None:
        if message is None:
            last = self.messages[-1] if self.messages else {}
            message = last if last.get("role") == "assistant" else {"role": "assistant", "content": None}
            if message is not last:
                self.messages.append(message)
        if "id" not in call:
            self.given_ids += 1
            call = {"id": f"call_{self.given_ids}", **call}
        self.called.append((str(record(call["function"]).get("name")), str(call["id"])))
        self.waiting.append(self.called[-1])
        message["tool_calls"] = [*listed(message.get("tool_calls")), call]

    def _result(self, result: Json) -> None:
        answers = result.get("tool_call_id")
        if answers is None:
            # without ids a result answers the first call of its name
            named = [call_id for name, call_id in self.waiting if name == result.get("name")]
            if not named:
                raise UnavailableError("holds the result of a tool that was not called")
            answers = named[0]
        elif answers not in {call_id for _, call_id in self.called}:
            raise UnavailableError("holds the result of a tool whose call is not in it")
        self.waiting = [(name, call_id) for name, call_id in self.waiting if call_id != answers]
        self.messages.append({"role": "tool", "tool_call_id": str(answers), "content": result["content"]})


def _plain(found: Json) -> Json:
    """A message of LangChain under plain names, other items as they are."""
    if "lc" in found and is_list(found.get("id")):
        inside = record(found.get("kwargs"))
        name = str((listed(found["id"]) or [""])[-1])
        return {"role": LANGCHAIN.get(name, inside.get("role", name)), **_without_type(inside)}
    kind = str(found.get("type"))
    if "role" not in found and kind in ROLES and kind != "function":
        return {"role": kind, **_without_type(record(found.get("data")) or found)}
    return found


def _without_type(found: Json) -> Json:
    return {key: value for key, value in found.items() if key not in ("type", "role")}


def _own_calls(found: Json) -> Sequence[object]:
    """The tool calls beside the content; LangChain keeps them also as the vendor wrote them."""
    return listed(record(found.get("additional_kwargs")).get("tool_calls")) or listed(found.get("tool_calls"))


def _several(given: object) -> list[object]:
    return listed(given) if is_list(given) else [given]


def _is_chat_shaped(parts: Sequence[object]) -> bool:
    found = [record(part) for part in parts]
    return bool(found) and all(CHAT_PARTS.get(str(part.get("type")), "") in part for part in found)
