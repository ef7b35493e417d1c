"""A real browser for the page: Debian's Chromium, driven by Playwright; what it asked for and said is kept."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium or chrome here to open the page with")
DESKTOP, PHONE = (1280, 900), (390, 844)


@dataclass(frozen=True, slots=True)
class Opened:
    """A page that has been opened from disk."""

    page: Page
    said: list[str] = field(default_factory=list[str])
    """Every line on its console and every uncaught error."""
    requests: list[str] = field(default_factory=list[str])
    """Every address it asked for beside its own file."""


@contextmanager
def browser() -> Generator[Browser]:
    """A headless Chromium; root may not use its sandbox."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@contextmanager
def opened(
    chromium: Browser,
    file: Path,
    *,
    fragment: str = "",
    size: tuple[int, int] = DESKTOP,
    scheme: Literal["light", "dark"] = "light",
) -> Generator[Opened]:
    """The page of a file in a window of its own, all scripts run."""
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    held = Opened(context.new_page())
    held.page.on("console", lambda message: held.said.append(message.text))
    held.page.on("pageerror", lambda error: held.said.append(str(error)))
    own = file.resolve().as_uri()

    def note(request: Request) -> None:
        if request.url.split("#")[0] != own and not request.url.startswith("data:"):
            held.requests.append(request.url)

    held.page.on("request", note)
    held.page.goto(own + fragment, wait_until="load")
    yield held
    context.close()
