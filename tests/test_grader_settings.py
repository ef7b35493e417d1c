"""[graders] of audit.toml, and the embedding grader whose model has to lie on this machine."""

from pathlib import Path

import numpy as np
import pytest
from model2vec import StaticModel
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from audit.config import read_config
from audit.errors import ConfigError
from audit.grader_settings import KINDS, MEANINGS, GraderSettings
from audit.grading.grader import UnreadableError
from audit.grading.graders import grader
from audit.grading.message import Answer


def config(folder: Path, text: str) -> Path:
    path = folder / "audit.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_names_the_grader_of_an_endpoint(tmp_path: Path) -> None:
    settings = read_config(
        config(
            tmp_path,
            '[graders."support/triage"]\nkind = "json"\nfields = ["label"]\ntolerance = 1\n[graders]\nchat = "text"\n',
        )
    )
    assert set(settings.graders) == {"support/triage", "chat"}
    found = settings.graders["support/triage"]
    assert (found.kind, found.texts("fields"), found.number("tolerance")) == ("json", ("label",), 1.0)
    assert settings.graders["chat"] == GraderSettings(kind="text", folder=tmp_path)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("x = 1", r'\[graders\."x"\] = 1 must be a table with kind'),
        ("x = {}", r'\[graders\."x"\] needs kind = "\.\.\."; choose "exact"'),
        ('x = "jsn"', "unknown kind of grader 'jsn'; nearest: json"),
        ('x = { kind = "json", feilds = ["a"] }', "unknown key of a json grader 'feilds'; nearest: fields"),
        ('x = { kind = "exact", a = 1 }', "unknown key of a exact grader 'a'. it takes nothing but kind"),
        ('x = { kind = "json", fields = "a" }', "fields = 'a' must be a list"),
        ('x = { kind = "json", tolerance = -1 }', "tolerance = -1 must be a number from 0 up"),
        ('x = { kind = "json", tolerance = true }', "tolerance = True must be a number"),
        ('x = { kind = "text", ignore_case = 1 }', "ignore_case = 1 must be true or false"),
        ('x = { kind = "regex" }', "a regex grader needs pattern"),
        ('x = { kind = "command", command = [] }', "a command grader needs command"),
        ('x = { kind = "regex", pattern = "(" }', r"pattern = '\(' is no regular expression"),
        ('x = { kind = "numeric", pattern = "(a)(b)" }', "has 2 groups"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_its_endpoint(tmp_path: Path, table: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_config(config(tmp_path, f"[graders]\n{table}\n"))


def test_every_kind_has_its_meaning_in_the_list_of_choices() -> None:
    assert KINDS.keys() == MEANINGS.keys()


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of five words, two of which mean the same."""
    folder = tmp_path_factory.mktemp("model")
    words = {"[UNK]": 0, "car": 1, "automobile": 2, "banana": 3, "void": 4}
    tokenizer = Tokenizer(WordLevel(vocab=words, unk_token="[UNK]"))  # pyright: ignore[reportCallIssue]
    tokenizer.pre_tokenizer = Whitespace()  # pyright: ignore[reportAttributeAccessIssue, reportCallIssue]
    vectors = np.array([[0, 0, 0], [1, 0, 0], [1, 0.01, 0], [0, 0, 1], [0, 0, 0]], dtype=np.float32)
    StaticModel(vectors, tokenizer, config={"normalize": True}).save_pretrained(folder)
    return folder


def likeness(folder: Path, one: str, other: str, **options: object) -> float:
    tool = grader(GraderSettings(kind="embedding", options={"model": folder.name, **options}, folder=folder.parent))
    return tool.score(tool.read(Answer(text=one)), tool.read(Answer(text=other)))


def test_texts_that_mean_alike_score_near_one(model_folder: Path) -> None:
    assert likeness(model_folder, "car", "car") == 1
    assert 0.99 < likeness(model_folder, "car", "automobile") <= 1
    assert likeness(model_folder, "car", "banana") == pytest.approx(0, abs=1e-6)
    assert likeness(model_folder, "car", "automobile", threshold=0.9) == 1
    assert likeness(model_folder, "car", "banana", threshold=0.9) == 0


def test_a_text_without_a_known_word_is_unreadable(model_folder: Path) -> None:
    with pytest.raises(UnreadableError, match="no word that the embedding model knows"):
        likeness(model_folder, "void", "car")


def test_a_model_that_is_not_there_is_never_looked_for_elsewhere(tmp_path: Path) -> None:
    settings = GraderSettings(kind="embedding", options={"model": "minishlab/potion-base-8M"}, folder=tmp_path)
    with pytest.raises(ConfigError, match=r"is no folder of a model2vec model \(config.json, model.safetensors"):
        grader(settings)
