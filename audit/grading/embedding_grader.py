"""Likeness of texts by static word vectors: a model2vec model that lies on this machine."""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, cast

from audit.errors import ConfigError
from audit.grading.grader import Grader, UnreadableError
from audit.grading.message import Answer
from audit.grading.text_graders import plain_text

NEEDED = ("config.json", "model.safetensors", "tokenizer.json")
"""Files of a model. They are looked for first, because model2vec takes a path that is none for a name to download."""


class Encoder(Protocol):
    """What is used of `model2vec.StaticModel`."""

    def encode(self, sentences: str) -> Sequence[float]:
        """One vector."""
        ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """A text with its vector of length 1."""

    text: str
    vector: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding(Grader):
    """Cosine of the two texts, negative ones as 0; with a `threshold`, whether it reaches that.

    It says that two texts are about the same thing, not that both are right: "paid" and "not paid" are near.
    """

    kind: ClassVar[str] = "embedding"
    encoder: Encoder
    threshold: float = 0.0

    def read(self, answer: Answer, /) -> Embedded:
        """The text and its vector; UnreadableError where the model knows no token of it."""
        text = plain_text(answer)
        vector = [float(each) for each in self.encoder.encode(text)]
        length = math.hypot(*vector)
        if not length or not math.isfinite(length):
            raise UnreadableError("no word that the embedding model knows")
        return Embedded(text, [each / length for each in vector])

    def score(self, given: object, expected: object, /) -> float:
        """The cosine, exactly 1 for equal texts."""
        one, other = cast("Embedded", given), cast("Embedded", expected)
        cosine = 1.0 if one.text == other.text else math.fsum(map(operator.mul, one.vector, other.vector))
        likeness = min(1.0, max(0.0, cosine))
        return float(likeness >= self.threshold) if self.threshold else likeness


def load_encoder(folder: Path) -> Encoder:
    """The model in `folder`; nothing is ever downloaded. ConfigError says what is missing."""
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise ConfigError(
            f"[graders] model {str(folder)!r} is no folder of a model2vec model ({', '.join(missing)} missing); put "
            "one there, since nothing is downloaded"
        )
    try:
        from model2vec import StaticModel
    except ImportError as error:
        raise ConfigError(
            "an embedding grader needs model2vec; install it with: pip install 'traffic-audit[embeddings]'"
        ) from error
    return cast("Encoder", StaticModel.from_pretrained(folder))
