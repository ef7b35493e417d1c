"""The notebooks that come with the package, copied to where they can be run and changed."""

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from audit.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """A notebook, app or script in the user's folder, and what it asks."""

    path: Path
    question: str


def notebooks(directory: str | Path = "notebooks", *, force: bool = False) -> list[Notebook]:
    """The notebooks, the app `explore.py` and the script `rollout_loop.py`, copied into `directory`, made if need be.

    A notebook that was run or changed is not overwritten unless `force` is set: ConfigError names it, and nothing is
    copied.
    """
    folder = Path(directory)
    originals = {folder / path.name: path.read_bytes() for path in _bundled()}
    for target, content in originals.items():
        if target.exists() and not force and (not target.is_file() or target.read_bytes() != content):
            raise ConfigError(f"{target}: is there and differs; name another directory, or --force overwrites it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target, content in originals.items():
            target.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written ({error.strerror}); name another directory") from error
    return [Notebook(path=target, question=_question(target)) for target in originals]


def _bundled() -> list[Path]:
    """Beside the package in a checkout, inside it when installed."""
    package = Path(__file__).parent.parent
    packaged = package / "data" / "notebooks"
    folder = packaged if packaged.is_dir() else package.parent / "notebooks"
    return sorted([*folder.glob("*.ipynb"), *folder.glob("*.py")])


def _question(path: Path) -> str:
    """The heading of a notebook, the first line of the docstring of an app or a script."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    first = cast("list[str]", json.loads(text)["cells"][0]["source"])
    return "".join(first).partition("\n")[0].removeprefix("# ")
