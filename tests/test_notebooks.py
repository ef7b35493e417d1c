"""The notebooks run, print what is committed, and keep to their rules."""

import ast
import re
from pathlib import Path

import pytest
import run_notebooks as notebooks

import audit

BY_NAME = pytest.mark.parametrize("path", notebooks.NOTEBOOKS, ids=lambda path: str(path.stem))


@BY_NAME
def test_a_notebook_prints_what_is_committed(path: Path, tmp_path: Path) -> None:
    assert notebooks.texts(notebooks.executed(path, tmp_path)) == notebooks.texts(notebooks.read(path))


@BY_NAME
def test_a_notebook_is_short_and_holds_no_figure(path: Path) -> None:
    cells = notebooks.cells(notebooks.read(path))
    assert len(cells) < 15
    for cell in cells:
        for output in notebooks.outputs(cell):
            assert "image" not in str(output)
            assert notebooks.FIGURE not in str(output)


@BY_NAME
def test_a_notebook_types_no_number_in_its_text(path: Path) -> None:
    for cell in notebooks.cells(notebooks.read(path)):
        if cell["cell_type"] == "markdown":
            assert not re.findall(r"\d+", str(cell["source"]))


@BY_NAME
def test_a_notebook_uses_only_public_names_and_whole_marts(path: Path) -> None:
    code = notebooks.code(path)
    assert not re.findall(r"^\s*(?:def|class|from audit)\b", code, re.MULTILINE)
    attributes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute)]
    assert not [node.attr for node in attributes if node.attr.startswith("_")]
    assert {node.attr for node in attributes if ast.unparse(node.value) == "audit"} <= set(audit.__all__)
    assert all(re.fullmatch(r"select \* from \w+", query) for query in re.findall(r'\.sql\(\s*"(.*?)"', code))


@BY_NAME
def test_the_last_cell_of_a_notebook_asserts_its_claims(path: Path) -> None:
    assert "assert " in str(notebooks.cells(notebooks.read(path))[-1]["source"])
