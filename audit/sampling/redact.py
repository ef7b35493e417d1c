"""Personal data in sampled texts, replaced by placeholders: Microsoft presidio, on this machine and without a model.

E-mail addresses, telephone, card, account and social security numbers, network and web addresses are found by their
form. Names and places are only found where a model of spaCy is installed (`python -m spacy download en_core_web_lg`).
Pictures, files and definitions of tools are not looked into.
"""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Protocol

from audit.conversations.values import Json, is_list, is_object, listed, record
from audit.errors import ConfigError

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

LANGUAGE = "en"
LEAST_SCORE = 0.4
"""What presidio gives a telephone number; anything weaker is mostly an order number."""
LEAST_URL_SCORE = 0.6
"""What presidio gives a web address with its scheme; without one, every `main.py` in a program is one."""
FORMS = ("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS", "MAC_ADDRESS", "URL", "CRYPTO")
NATIONAL = ("US_SSN",)
NAMED = ("PERSON", "LOCATION", "NRP")
"""What only a language model finds."""
SEPARATORS = re.compile(r"[\s.()-]")
"""What the same number is written with and without."""
LEAST_DIGITS = 7
"""Digits of a number that stands in JSON without quotes and is looked at: the shortest telephone number."""


class Names:
    """The placeholders of one request: the same text has the same in all of its parts and in its answer."""

    def __init__(self) -> None:
        """Begin with none."""
        self.given: dict[tuple[str, str], str] = {}
        self.counts: dict[str, int] = {}

    def placeholder(self, kind: str, found: str) -> str:
        """What stands for `found` from now on, for example <EMAIL_ADDRESS_1>."""
        key = (kind, found.lower() if kind in ("EMAIL_ADDRESS", "URL") else SEPARATORS.sub("", found.lower()))
        if key not in self.given:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.given[key] = f"<{kind}_{self.counts[kind]}>"
        return self.given[key]


class Redactor(Protocol):
    """Replaces personal data in a request or in an answer."""

    def redact(self, value: Json, names: Names | None = None) -> Json:
        """The request body or answer with placeholders; give both the same `names`."""
        ...


class PresidioRedactor:
    """The Redactor of `--redact`."""

    def __init__(self, analyzer: "AnalyzerEngine", kinds: tuple[str, ...]) -> None:
        """Look for `kinds` of personal data."""
        self.analyzer, self.kinds = analyzer, kinds

    def redact(self, value: Json, names: Names | None = None) -> Json:
        """The request body or answer with placeholders in all of its texts."""
        known = Names() if names is None else names

        def replace(text: str) -> str:
            return self._replaced(text, known)

        changed = dict(value)
        if "messages" in value:
            changed["messages"] = [_message(record(each), replace) for each in listed(value["messages"])]
        if is_object(message := value.get("message")):
            changed["message"] = _message(message, replace)
        if is_object(prediction := value.get("prediction")):
            changed["prediction"] = _message(prediction, replace)
        return changed

    def _replaced(self, text: str, names: Names) -> str:
        results = [
            each
            for each in self.analyzer.analyze(
                text, language=LANGUAGE, entities=list(self.kinds), score_threshold=LEAST_SCORE
            )
            if each.entity_type != "URL" or each.score >= LEAST_URL_SCORE
        ]
        # of findings that overlap the longest counts, then the surest
        results.sort(key=lambda each: (each.start - each.end, -each.score))
        taken: list[tuple[int, int, str]] = []
        for each in results:
            if all(each.end <= start or each.start >= end for start, end, _ in taken):
                taken.append((each.start, each.end, each.entity_type))
        said, place = "", 0
        for start, end, kind in sorted(taken):
            said += text[place:start] + names.placeholder(kind, text[start:end])
            place = end
        return said + text[place:]


def _message(message: Json, replace: Callable[[str], str]) -> Json:
    changed = {name: value for name, value in message.items() if name != "name" or message.get("role") == "function"}
    for name in ("content", "refusal"):
        changed |= {name: _content(message[name], replace)} if name in message else {}
    if "tool_calls" in message:
        changed["tool_calls"] = [
            {**record(call), "function": _called(record(record(call).get("function")), replace)}
            for call in listed(message["tool_calls"])
        ]
    if is_object(call := message.get("function_call")):
        changed["function_call"] = _called(call, replace)
    return changed


def _content(content: object, replace: Callable[[str], str]) -> object:
    if isinstance(content, str):
        return replace(content)
    if not is_list(content):
        return content
    parts = [record(part) for part in content]
    return [
        part | {name: replace(said) for name in ("text", "refusal") if isinstance(said := part.get(name), str)}
        for part in parts
    ]


def _called(function: Json, replace: Callable[[str], str]) -> Json:
    """A call with its arguments replaced one by one, so that they stay JSON."""
    given = function.get("arguments")
    if not isinstance(given, str):
        return function
    try:
        arguments: object = json.loads(given)
    except ValueError:
        return {**function, "arguments": replace(given)}
    changed = _leaves(arguments, replace)
    return function if changed == arguments else {**function, "arguments": json.dumps(changed, ensure_ascii=False)}


def _leaves(value: object, replace: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, int) and len(str(value)) >= LEAST_DIGITS:
        said = replace(str(value))
        return value if said == str(value) else said
    if is_list(value):
        return [_leaves(part, replace) for part in value]
    if is_object(value):
        return {name: _leaves(part, replace) for name, part in value.items()}
    return value


@cache
def presidio() -> PresidioRedactor:
    """The redactor; ConfigError where presidio is not installed."""
    try:
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
        from presidio_analyzer.nlp_engine import NoOpNlpEngine, SpacyNlpEngine
        from presidio_analyzer.predefined_recognizers import (
            CreditCardRecognizer,
            CryptoRecognizer,
            EmailRecognizer,
            IbanRecognizer,
            IpRecognizer,
            MacAddressRecognizer,
            PhoneRecognizer,
            SpacyRecognizer,
            UrlRecognizer,
            UsSsnRecognizer,
        )
        from spacy.util import get_installed_models
    except ImportError as error:
        raise ConfigError(
            f"--redact needs the package presidio-analyzer ({error}): pip install 'traffic-audit[redact]'"
        ) from error

    class EmailOfAnyDomain(EmailRecognizer):
        """Addresses in company networks too; the list of public domains would be fetched from the web."""

        def validate_result(self, pattern_text: str) -> bool:
            return "@" in pattern_text

    models = [name for name in get_installed_models() if name.startswith(f"{LANGUAGE}_core")]
    model = {"lang_code": LANGUAGE, "model_name": max(models, key=len, default="none")}
    engine = SpacyNlpEngine([model]) if models else NoOpNlpEngine([model])
    engine.load()
    registry = RecognizerRegistry(supported_languages=[LANGUAGE])
    for recognizer in (
        EmailOfAnyDomain(),
        PhoneRecognizer(),
        CreditCardRecognizer(),
        IbanRecognizer(),
        IpRecognizer(),
        MacAddressRecognizer(),
        UrlRecognizer(),
        CryptoRecognizer(),
        UsSsnRecognizer(),
        *([SpacyRecognizer()] if models else []),
    ):
        registry.add_recognizer(recognizer)
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=[LANGUAGE])
    return PresidioRedactor(analyzer, (*FORMS, *NATIONAL, *(NAMED if models else ())))


def finds_names() -> bool:
    """Whether names of persons and places are found too; ConfigError where presidio is not installed."""
    return "PERSON" in presidio().kinds
