"""`task screenshots [folder]`: every page of the tour as a picture, in every look, from real servers."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.accessibility import LOOKS, look
from tests.browser.chromium import Windows, launch
from tests.browser.small_town import SmallTown
from tests.browser.tour import TOUR, Stop
from tests.servers.keycloak import Keycloak, from_environment, start_keycloak
from tests.servers.web import open_web

FOLDER = Path("var/screenshots")


def take_all(folder: Path, only: str = "") -> int:
    """Writes <stop>-<look>.png into `folder`; `only` is part of the stops' names. Returns how many pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    stops = [stop for stop in TOUR if only in stop.name]
    with tempfile.TemporaryDirectory(prefix="screenshots-") as place:
        keycloak, process = from_environment(), None
        (Path(place) / "web").mkdir()
        if keycloak is None:
            note, process = start_keycloak(Path(place) / "keycloak")
            keycloak = Keycloak(note["url"], note["admin_user"], note["admin_password"])
        try:
            with open_web(keycloak, Path(place) / "web") as web, sync_playwright() as playwright:
                windows = Windows(launch(playwright))
                town = SmallTown(web, windows)
                town.fill()
                for stop in stops:
                    _take(town, stop, folder)
                windows.close()
        finally:
            if process:
                process.stop()
    return len(stops) * len(LOOKS)


def _take(town: SmallTown, stop: Stop, folder: Path) -> None:
    window = town.window(stop.who)
    stop.go(town, window)
    for name, size, large in LOOKS:
        look(window.page, size, large=large)
        window.page.screenshot(path=folder / f"{stop.name}-{name}.png", full_page=True)
    print(folder / f"{stop.name}-*.png")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    print(take_all(folder, *sys.argv[2:3]))


if __name__ == "__main__":
    main()
