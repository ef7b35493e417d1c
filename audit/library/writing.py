"""Files that a caller names: written, or refused in words that say what to do."""

from pathlib import Path

from audit.output_files import written_whole


def written(path: str | Path, text: str) -> Path:
    """The path of the UTF-8 text, which is written there; ConfigError where nothing can be."""
    file = Path(path)
    with written_whole(file) as partial:
        partial.write_text(text, encoding="utf-8")
    return file
