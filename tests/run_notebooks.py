"""Notebooks, executed: `python tests/run_notebooks.py` runs them all and keeps their text outputs, not the figures."""

# nbformat has no types:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import os
import sys
import tempfile
from pathlib import Path
from typing import cast

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
APP = ROOT / "notebooks" / "explore.py"
FIGURE = "application/vnd.plotly.v1+json"

Cell = dict[str, object]


def read(path: Path) -> nbformat.NotebookNode:
    """The notebook as committed."""
    return nbformat.read(path, as_version=4)


def executed(path: Path, directory: Path) -> nbformat.NotebookNode:
    """The notebook after a run in `directory`, its outputs reduced to text; raises what a cell raises."""
    notebook = read(path)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(directory)}}
    )
    client.execute(env={**os.environ, "PYTHONPATH": str(ROOT), "PYDEVD_DISABLE_FILE_VALIDATION": "1"})
    for cell in cells(notebook):
        if cell["cell_type"] == "code":
            cell["outputs"] = [plain for output in outputs(cell) if (plain := _plain(output)) is not None]
            cell["metadata"] = {}
    notebook.metadata = nbformat.from_dict({
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
    })  # fmt: skip
    return notebook


def cells(notebook: nbformat.NotebookNode) -> list[Cell]:
    """The cells in order."""
    return cast("list[Cell]", notebook.cells)


def code(path: Path) -> str:
    """All code cells as one script."""
    return "\n".join(str(cell["source"]) for cell in cells(read(path)) if cell["cell_type"] == "code")


def outputs(cell: Cell) -> list[dict[str, object]]:
    """The outputs of a cell; none for Markdown."""
    return cast("list[dict[str, object]]", cell.get("outputs", []))


def texts(notebook: nbformat.NotebookNode) -> list[str]:
    """What the notebook prints, output by output."""
    found: list[str] = []
    for cell in cells(notebook):
        for output in outputs(cell):
            data = cast("dict[str, str]", output.get("data", {}))
            found.append(str(output.get("text") or data["text/plain"]))
    return found


def _plain(output: dict[str, object]) -> dict[str, object] | None:
    """The output with its text only; None for a figure, whose data would fill the file and hide every change."""
    if "data" not in output:
        return output
    data = cast("dict[str, str]", output["data"])
    if FIGURE in data:
        return None
    output["data"] = nbformat.from_dict({"text/plain": data["text/plain"]})
    return output


if __name__ == "__main__":
    for path in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as directory:
            nbformat.write(executed(path, Path(directory)), path)
        print(path.relative_to(ROOT), file=sys.stderr)
