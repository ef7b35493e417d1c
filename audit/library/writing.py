"""Files that a caller names: written, or refused in words that say what to do."""

from pathlib import Path

from audit.errors import ConfigError


def written(path: str | Path, text: str) -> Path:
    """The path of the UTF-8 text, which is written there; ConfigError where nothing can be."""
    file = Path(path)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"{file}: cannot be written ({reason}); name a file in a folder that exists") from error
    return file
