"""Personal data leaves every text of a request and of its answer; all else stays, and JSON stays JSON."""

import json
import subprocess
import sys
from typing import cast

import pytest
from exports import Row

from audit.errors import ConfigError
from audit.sampling import redact
from audit.sampling.redact import Names, presidio

SECRETS = (
    *("ann@example.com", "Ann@Example.com", "bob@intranet", "+49 30 901820", "4111 1111 1111 1111", "4111111111111111"),
    *("DE89 3704 0044 0532 0130 00", "10.11.12.13", "078-05-1120", "https://example.com/u/ann?id=4"),
)
PICTURE: Row = {"type": "image_url", "image_url": {"url": "https://example.com/picture.png"}}
BODY: Row = {
    "messages": [
        {"role": "system", "content": "You answer for ann@example.com; run main.py, version 1.2.3, since 2026-03-02."},
        {
            "role": "user",
            "name": "ann_meier",
            "content": [
                {
                    "type": "text",
                    "text": "I am Ann@Example.com, card 4111 1111 1111 1111, see https://example.com/u/ann?id=4",
                },
                PICTURE,
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {
                        "name": "send",
                        "arguments": '{"to": ["ann@example.com", 3], "card": 4111111111111111, "note": "a \\"b\\""}',
                    },
                }
            ],
        },
        {
            "role": "tool",
            "tool_call_id": "call_1",
            "content": '{"iban": "DE89 3704 0044 0532 0130 00", "ip": "10.11.12.13"}',
        },
        {"role": "user", "content": "Call +49 30 901820 about 078-05-1120 and order 4711."},
    ],
    "tools": [{"type": "function", "function": {"name": "send", "parameters": {"type": "object"}}}],
    "temperature": 0.2,
}
ANSWER: Row = {"message": {"role": "assistant", "content": "Sent to ann@example.com."}, "finish_reason": "stop"}


def test_no_text_keeps_personal_data() -> None:
    names = Names()
    said = json.dumps([presidio().redact(BODY, names), presidio().redact(ANSWER, names)])
    assert [secret for secret in SECRETS if secret in said] == []
    assert "ann_meier" not in said


def test_the_same_entity_is_the_same_placeholder_in_request_and_answer() -> None:
    names = Names()
    body, answer = presidio().redact(BODY, names), presidio().redact(ANSWER, names)
    messages = cast("list[Row]", body["messages"])
    assert "<EMAIL_ADDRESS_1>; run" in str(messages[0]["content"])
    assert "I am <EMAIL_ADDRESS_1>, card <CREDIT_CARD_1>, see <URL_1>" in json.dumps(messages[1])
    assert cast("Row", answer["message"])["content"] == "Sent to <EMAIL_ADDRESS_1>."


def test_arguments_of_tools_stay_json() -> None:
    messages = cast("list[Row]", presidio().redact(BODY)["messages"])
    (call,) = cast("list[dict[str, Row]]", messages[2]["tool_calls"])
    assert json.loads(str(call["function"]["arguments"])) == {
        "to": ["<EMAIL_ADDRESS_1>", 3],
        "card": "<CREDIT_CARD_1>",
        "note": 'a "b"',
    }


def test_what_is_no_personal_data_stays() -> None:
    body = presidio().redact(BODY)
    messages = cast("list[Row]", body["messages"])
    assert "main.py, version 1.2.3, since 2026-03-02." in str(messages[0]["content"])
    assert "order 4711." in str(messages[4]["content"])
    assert cast("list[Row]", messages[1]["content"])[1] == PICTURE
    assert {key: value for key, value in body.items() if key != "messages"} == {
        "tools": BODY["tools"],
        "temperature": 0.2,
    }


def test_two_people_are_two_placeholders_and_another_request_begins_anew() -> None:
    def said(text: str) -> object:
        message: Row = {"role": "user", "content": text}
        body = presidio().redact({"messages": [message]})
        return cast("list[Row]", body["messages"])[0]["content"]

    assert said("ann@example.com, bob@intranet.corp, ann@example.com") == (
        "<EMAIL_ADDRESS_1>, <EMAIL_ADDRESS_2>, <EMAIL_ADDRESS_1>"
    )
    assert said("bob@intranet.corp") == "<EMAIL_ADDRESS_1>"


def test_a_missing_package_is_one_error_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    redact.presidio.cache_clear()
    with pytest.raises(ConfigError, match=r"pip install 'traffic-audit\[redact\]'"):
        presidio()
    redact.presidio.cache_clear()


def test_it_looks_for_personal_data_without_a_network() -> None:
    code = (
        "import socket\n"
        "def refuse(*_): raise SystemExit('asked for a network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from audit.sampling.redact import presidio\n"
        "print(presidio().redact({'messages': [{'role': 'user', 'content': 'ann@example.com'}]}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "<EMAIL_ADDRESS_1>" in done.stdout, done.stderr
