"""The README tells the truth: its generated parts are what the code gives today, and it names every command."""

import re
from pathlib import Path

import pytest

from tests.docs import README, documents, with_blocks

Documents = dict[Path, dict[str, str]]


@pytest.fixture(scope="module")
def written() -> Documents:
    return documents()


@pytest.fixture(scope="module")
def blocks(written: Documents) -> dict[str, str]:
    return written[README]


def test_the_generated_parts_of_the_documents_are_current(written: Documents) -> None:
    for document, blocks in written.items():
        text = document.read_text(encoding="utf-8")
        assert with_blocks(text, blocks) == text, "run `make docs`"


def test_the_readme_names_every_command(blocks: dict[str, str]) -> None:
    text = README.read_text(encoding="utf-8")
    for command in re.findall(r"`(audit [a-z ]+)`", blocks["commands"]):
        assert f"`{command}`" in text


def test_every_command_has_a_sentence_of_help(blocks: dict[str, str]) -> None:
    for line in blocks["commands"].splitlines()[2:]:
        assert line.rstrip(" |").endswith("."), line
