"""What a page must be for everybody: no serious finding of axe-core, no sideways scrolling, all of it by keyboard."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.chromium import DESKTOP, PHONE

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_GRAVE = {"serious", "critical"}
_axe = Axe()

# Every page is looked at in these: name, size, whether the letters are large.
LOOKS: tuple[tuple[str, tuple[int, int], bool], ...] = (
    ("desktop", DESKTOP, False),
    ("desktop-large", DESKTOP, True),
    ("phone", PHONE, False),
    ("phone-large", PHONE, True),
)


def look(page: Page, size: tuple[int, int], *, large: bool) -> None:
    """Shows the page as it is in this size; the class is what the cookie of the large letters puts there."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate("large => document.documentElement.classList.toggle('large', large)", large)


def findings(page: Page, without: tuple[str, ...] = ()) -> list[str]:
    """Serious and critical findings, each with the first place it is at; `without` are places left out."""
    options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": RULES}}
    found = _axe.run(page, {"exclude": [[place] for place in without]} if without else None, options).response[
        "violations"
    ]
    return [
        f"{one['id']} ({one['impact']}): {one['help']} at {one['nodes'][0]['html'][:160]} …{len(one['nodes'])}"
        for one in found
        if one["impact"] in _GRAVE
    ]


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than the window."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def tab_stops(page: Page, most: int = 80) -> list[str]:
    """What the tab key reaches from the top of the page, in order: text or name of each stop."""
    page.goto(page.url.partition("#")[0])  # A fragment would let the keyboard begin in the middle.
    stops: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUSED)
        if not stop or (stops and stop == stops[0]):
            break
        stops.append(stop)
    return stops


def reading_order(page: Page) -> list[str]:
    """Everything the tab key should reach, in the order of the page."""
    order: list[str] = page.evaluate(
        f"() => [...document.querySelectorAll({_REACHABLE!r})].filter({_SHOWN}).map({_NAME})"
    )
    return order


_REACHABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
_SHOWN = """e => {
  const radio = e.type === 'radio' && [...document.getElementsByName(e.name)];
  const first = !radio || e === (radio.find(r => r.checked) || radio[0]);
  return first && !e.disabled && e.checkVisibility({visibilityProperty: true});
}"""
_NAME = "e => e.tagName + ':' + (e.name || e.getAttribute('href') || e.innerText || '').trim().slice(0, 60)"
_FOCUSED = f"() => document.activeElement === document.body ? '' : ({_NAME})(document.activeElement)"
