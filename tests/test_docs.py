"""The README tells the truth: its generated parts are what the code gives today, and it names every command."""

import re

import pytest

from tests.docs import README, generated, with_blocks


@pytest.fixture(scope="module")
def blocks() -> dict[str, str]:
    return generated()


def test_the_generated_parts_of_the_readme_are_current(blocks: dict[str, str]) -> None:
    text = README.read_text(encoding="utf-8")
    assert with_blocks(text, blocks) == text, "run `make docs`"


def test_the_readme_names_every_command(blocks: dict[str, str]) -> None:
    text = README.read_text(encoding="utf-8")
    for command in re.findall(r"`(audit [a-z ]+)`", blocks["commands"]):
        assert f"`{command}`" in text


def test_every_command_has_a_sentence_of_help(blocks: dict[str, str]) -> None:
    for line in blocks["commands"].splitlines()[2:]:
        assert line.rstrip(" |").endswith("."), line
