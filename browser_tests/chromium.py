"""Which Chromium the tests drive, and how it is started."""

import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Playwright

HOW_TO_GET_ONE = "no Chromium: `apt-get install chromium` or `python -m playwright install chromium`"
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # What a browser does by itself has no place in a test: it asks hosts that the page never named.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class NoChromium(Exception):
    """There is none on this machine."""


def launch(playwright: Playwright) -> Browser:
    """The browser of `CHROMIUM`, else one of the system's, else playwright's own. Raises `NoChromium`."""
    # Chromium refuses its sandbox to root, as which containers run.
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    return playwright.chromium.launch(executable_path=_executable(playwright), headless=True, args=flags)


def _executable(playwright: Playwright) -> str:
    named = os.environ.get("CHROMIUM")
    if named:
        if not Path(named).is_file():
            raise NoChromium(f"CHROMIUM names no file: {named}")
        return named
    for name in NAMES:
        if found := shutil.which(name):
            return found
    if Path(playwright.chromium.executable_path).exists():
        return playwright.chromium.executable_path
    raise NoChromium(HOW_TO_GET_ONE)
