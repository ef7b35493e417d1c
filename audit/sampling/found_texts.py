"""Texts that were read again, on disk until it is known which of them are wanted: they can be larger than memory."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from audit.sampling.folder import json_line, open_private
from audit.sampling.source import Found

NOT_ASKED = "not read again"

Body = dict[str, object]


@dataclass(slots=True)
class FoundTexts:
    """What was found of each request, by sample id."""

    path: Path
    unavailable: dict[str, str] = field(default_factory=dict[str, str])
    """Why there is no text."""
    answered: set[str] = field(default_factory=set[str])
    """Those with a logged answer."""
    dropped: dict[str, int] = field(default_factory=dict[str, int])
    """Requests by the parameter of theirs that chat completions have no word for."""
    _places: dict[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def collect(cls, path: Path, found: Iterable[Found]) -> "FoundTexts":
        """Keep all of `found` in the new file `path`."""
        texts = cls(path)
        with open_private(path) as file:
            for each in found:
                if each.body is None:
                    texts.unavailable[each.sample_id] = each.unavailable or NOT_ASKED
                if each.answer is not None:
                    texts.answered.add(each.sample_id)
                for name in each.dropped:
                    texts.dropped[name] = texts.dropped.get(name, 0) + 1
                texts._places[each.sample_id] = file.tell()
                file.write(json_line({"body": each.body, "answer": each.answer}))
        return texts

    def body(self, sample_id: str) -> Body:
        """The request; KeyError where there is none."""
        return cast("Body", self._read(sample_id)["body"])

    def answer(self, sample_id: str) -> Body:
        """The logged answer."""
        return cast("Body", self._read(sample_id)["answer"])

    def reason(self, sample_id: str) -> str | None:
        """Why there is no text, None where there is."""
        return self.unavailable.get(sample_id) if sample_id in self._places else NOT_ASKED

    def _read(self, sample_id: str) -> dict[str, object]:
        with self.path.open("rb") as file:
            file.seek(self._places[sample_id])
            return cast("dict[str, object]", json.loads(file.readline()))
