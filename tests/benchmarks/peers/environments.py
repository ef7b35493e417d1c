"""A virtual environment for each package, built once and kept: a later run finds it again by its requirements."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

BUILT = "built.json"


def kept_in() -> Path:
    """Where environments are kept from run to run."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "traffic-audit-peers"


def environment(requirements: Sequence[str], root: Path) -> Path:
    """The folder of programs of an environment with exactly these requirements, from the registry pip is set up for."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    key = hashlib.sha256(json.dumps([python, *requirements]).encode()).hexdigest()[:8]
    folder = root / f"{requirements[0].split('=')[0]}-{key}"
    programs = folder / "bin"
    if (folder / BUILT).exists():
        return programs
    shutil.rmtree(folder, ignore_errors=True)  # one whose installation broke off
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(programs / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    installed = subprocess.run([*pip, "install", *requirements], capture_output=True, text=True)
    if installed.returncode != 0:
        raise SystemExit(f"pip install {' '.join(requirements)} failed:\n{installed.stderr}")
    (folder / BUILT).write_text(json.dumps(list(requirements)) + "\n", encoding="utf-8")
    return programs
