"""Chromium by Playwright: one browser per test module, windows of their own cookies, and what went wrong in them.

Addresses say localhost, never 127.0.0.1: security keys know no numbers.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, Request, expect, sync_playwright

from tests.browser.usb import UsbPort
from tests.servers.needs import need_program

DESKTOP, PHONE = (1366, 768), (360, 740)
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_PATIENCE_MS = 30_000  # For one page, on a machine that is busy with other tests.
# Keycloak's script says this of its own accord on every page, and of the status that a refused login has.
_HARMLESS = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")

expect.set_options(timeout=_PATIENCE_MS)


@dataclass
class Window:
    """One window: its page, its USB port, and what went wrong: errors of scripts and of the policy, other hosts."""

    context: BrowserContext
    page: Page
    usb: UsbPort
    faults: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def watch(self) -> None:
        """Notes errors on the console, script faults and every host that is asked for anything."""
        self.page.on("console", lambda said: self._note(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda fault: self._note(str(fault)))
        self.page.on("request", self._note_host)

    def _note(self, text: str) -> None:
        if not _HARMLESS.search(text):
            self.faults.append(f"{self.page.url}: {text}")

    def _note_host(self, request: Request) -> None:
        if request.url.startswith(("http:", "https:", "ws:", "wss:")):
            self.hosts.add(urlsplit(request.url).hostname or "")

    def text(self) -> str:
        """What a person reads on the page."""
        return self.page.inner_text("body")

    def close(self) -> None:
        with suppress(Error):  # A test that failed half-way may have closed it.
            self.context.close()


class Windows:
    """Opens windows of one browser, and closes all of them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._open: list[Window] = []

    def open(
        self, size: tuple[int, int] = DESKTOP, *, certificate: tuple[str, Path, Path] | None = None, **options: Any
    ) -> Window:
        """A window that knows no cookies; `certificate` is (origin, certificate file, key file) of the person."""
        if certificate:
            origin, file, key_file = certificate
            options["client_certificates"] = [{"origin": origin, "certPath": str(file), "keyPath": str(key_file)}]
        context = self._browser.new_context(
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            viewport={"width": size[0], "height": size[1]},
            has_touch=size == PHONE,
            **options,
        )
        context.set_default_timeout(_PATIENCE_MS)
        page = context.new_page()
        window = Window(context, page, UsbPort(context, page))
        window.watch()
        self._open.append(window)
        return window

    def close(self) -> None:
        for window in self._open:
            window.close()
        self._open.clear()


def launch(playwright: Playwright) -> Browser:
    """Debian's Chromium, without a window on any screen."""
    program = need_program("chromium", "chromium")
    return playwright.chromium.launch(executable_path=program, args=list(_FLAGS))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser of this module. Not of the whole run: while it lives, its thread can run no other event loop."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def windows(chromium: Browser) -> Iterator[Windows]:
    """Windows of one test; each has its own cookies and its own USB port."""
    opened = Windows(chromium)
    yield opened
    opened.close()
