"""The tour of the pages: each stop is one page as somebody comes to see it; pictures and checks are taken along it."""

from collections.abc import Callable
from dataclasses import dataclass

from connector.embedded.browser import Person
from connector.regulations.vocabulary import Office
from tests.browser import sign_in
from tests.browser.chromium import Window
from tests.browser.small_town import APPLICANT, SmallTown, Who

Go = Callable[[SmallTown, Window], None]
HEAD, SECURITY, CUSTODIAN = Office.UNIT_HEAD, Office.SECURITY_ADMINISTRATOR, Office.KEY_CUSTODIAN
PRINCIPAL, AUDITOR = Office.PRINCIPAL, Office.AUDITOR


@dataclass(frozen=True)
class Stop:
    """One page. `who` is signed in; None is a stranger. `foreign` pages are Keycloak's: their markup is not ours."""

    name: str
    who: Who | None
    go: Go
    foreign: bool = False


def at(path: str) -> Go:
    """Opens a page by its address; `{name}` is the number or id of that thing of the town."""

    def go(town: SmallTown, window: Window) -> None:
        town.open(window, path.format(**town.requests))

    return go


def press(window: Window) -> None:
    """Presses the chief button of the page."""
    with window.page.expect_navigation(wait_until="load"):
        window.page.click("main form[method=post] button.btn >> nth=0")


def send_empty(path: str) -> Go:
    """Opens a form and sends it as it is: the page of its mistakes."""

    def go(town: SmallTown, window: Window) -> None:
        at(path)(town, window)
        press(window)

    return go


def fill_grant(town: SmallTown, window: Window) -> None:
    """A right form for a new person, as the head of his unit fills it in."""
    person = town.next_form()
    town.open(window, "/pages/apply/grant")
    for name in ("person_name", "document_number", "phone", "mail"):
        window.page.fill(f"[name={name}]", person[name])
    for permission in person["permissions"].split():
        window.page.check(f"[name=permissions][value='{permission}']")
    window.page.fill("[name=reason]", "新入职，办理公告发布和开标主持")
    press(window)


def send_temporary(town: SmallTown, window: Window) -> None:
    """A temporary account without its last day, and without anything else."""
    town.open(window, "/pages/apply/grant")
    window.page.check("[name=purpose][value=temporary]")
    press(window)
    assert window.page.get_attribute("[name=until]", "aria-invalid") == "true"


def check_grant(town: SmallTown, window: Window) -> None:
    fill_grant(town, window)
    assert "/check" in window.page.url, window.text()


def submit_grant(town: SmallTown, window: Window) -> None:
    check_grant(town, window)
    press(window)
    assert "/submitted" in window.page.url, window.text()


def decide(town: SmallTown, window: Window, number: str) -> None:
    """The decision page of a request, by way of the inbox."""
    town.open(window, f"/pages/inbox?q={town.requests[number]}")
    with window.page.expect_navigation(wait_until="load"):
        window.page.click("main td a[href^='/pages/inbox/']")


def decide_empty(town: SmallTown, window: Window) -> None:
    decide(town, window, "waiting")
    press(window)


def welcome(town: SmallTown, window: Window) -> None:
    window.page.goto(town.link())


def welcome_wrong(town: SmallTown, window: Window) -> None:
    welcome(town, window)
    window.page.fill("[name=suffix]", "000000")
    press(window)


def welcome_shown(town: SmallTown, window: Window) -> None:
    welcome(town, window)
    window.page.fill("[name=suffix]", town.link_suffix())
    press(window)


def first_login(*pages: str, action: str = "webauthn-register") -> Go:
    """Keycloak's page after these of a first login, at a subsystem that a password opens."""

    def go(town: SmallTown, window: Window) -> None:
        person = town.newcomer(action)
        window.page.goto(town.login_address("website"))
        for page in pages:
            sign_in.act_on(page, window, person)

    return go


def later_login(town: SmallTown, window: Window) -> None:
    """Keycloak's page that asks for the key."""
    town.open(window, "/sign-in")
    sign_in.type_password(window, town.person(HEAD))


def blank_key(town: SmallTown, window: Window) -> None:
    later_login(town, window)
    window.usb.insert_blank()
    sign_in.use_key(window)


def code_asked(town: SmallTown, window: Window) -> None:
    """Keycloak's page that asks for a one-time code."""
    town.open(window, "/sign-in")
    sign_in.type_password(window, town.code_user())


def no_factor(town: SmallTown, window: Window) -> None:
    """What Keycloak says to somebody without a second factor."""
    town.open(window, "/sign-in")
    sign_in.type_password(window, town.newcomer("webauthn-register"))


def wrong_password(town: SmallTown, window: Window) -> None:
    town.open(window, "/sign-in")
    sign_in.type_password(window, Person("nobody", "Falsch#12345"))


def weak_password(town: SmallTown, window: Window) -> None:
    person = town.newcomer("webauthn-register")
    window.page.goto(town.login_address("website"))
    sign_in.type_password(window, person)
    person.new_password = "abc"
    sign_in.change_password(window, person)


TOUR: tuple[Stop, ...] = (
    Stop("welcome", None, welcome),
    Stop("welcome-wrong", None, welcome_wrong),
    Stop("welcome-password", None, welcome_shown),
    Stop("signed-out", None, at("/signed-out")),
    Stop("not-found", HEAD, at("/pages/no-such-page")),
    Stop("home", HEAD, at("/pages")),
    Stop("account", HEAD, at("/pages/account")),
    Stop("apply", HEAD, at("/pages/apply")),
    Stop("apply-grant", HEAD, at("/pages/apply/grant")),
    Stop("apply-grant-mistakes", HEAD, send_empty("/pages/apply/grant")),
    Stop("apply-grant-temporary", HEAD, send_temporary),
    Stop("apply-account", HEAD, at("/pages/apply/disable")),
    Stop("apply-refused", HEAD, fill_grant),  # Nobody else could decide at the first stage.
    Stop("apply-check", APPLICANT, check_grant),
    Stop("apply-submitted", APPLICANT, submit_grant),
    Stop("requests", APPLICANT, at("/pages/requests")),
    Stop("request-waiting", APPLICANT, at("/pages/requests/{waiting}")),
    Stop("request-returned", APPLICANT, at("/pages/requests/{returned}")),
    Stop("request-rejected", APPLICANT, at("/pages/requests/{rejected}")),
    Stop("request-approved", APPLICANT, at("/pages/requests/{approved}")),
    Stop("request-withdraw", APPLICANT, at("/pages/requests/{waiting}/withdraw")),
    Stop("inbox", HEAD, at("/pages/inbox")),
    Stop("inbox-empty", HEAD, at("/pages/inbox?q=nobody")),
    Stop("inbox-decided", HEAD, at("/pages/inbox/decided")),
    Stop("decide", HEAD, lambda town, window: decide(town, window, "waiting")),
    Stop("decide-overdue", HEAD, lambda town, window: decide(town, window, "overdue")),
    Stop("decide-mistakes", HEAD, decide_empty),
    Stop("keys", CUSTODIAN, at("/pages/keys")),
    Stop("keys-none-found", CUSTODIAN, at("/pages/keys?q=none")),
    Stop("key", CUSTODIAN, at("/pages/keys/SN-0002")),
    Stop("key-issue", CUSTODIAN, at("/pages/keys/SN-0001/issue")),
    Stop("key-issue-mistakes", CUSTODIAN, send_empty("/pages/keys/SN-0001/issue")),
    Stop("key-lost", CUSTODIAN, at("/pages/keys/SN-0002/lost")),
    Stop("freezes", SECURITY, at("/pages/freezes")),
    Stop("freeze-person", SECURITY, at("/pages/freezes/new?kind=person&q=371500")),
    Stop("freeze-subsystem", SECURITY, at("/pages/freezes/new?kind=subsystem")),
    Stop("freeze-preview", SECURITY, at("/pages/freezes/new?kind=unit&value=ywk")),
    Stop("freeze-preview-mistakes", SECURITY, send_empty("/pages/freezes/new?kind=unit&value=ywk")),
    Stop("freeze-order", SECURITY, at("/pages/freezes/{frozen}")),
    Stop("freeze-waiting", SECURITY, at("/pages/freezes/{to_freeze}")),
    Stop("freeze-confirm", Office.PRINCIPAL, at("/pages/freezes/{to_freeze}/confirm")),
    Stop("freeze-undo", SECURITY, at("/pages/freezes/{frozen}/undo")),
    Stop("incidents", SECURITY, at("/pages/incidents")),
    Stop("incident-new-mistakes", SECURITY, send_empty("/pages/incidents/new")),
    Stop("incident", SECURITY, at("/pages/incidents/{incident}")),
    Stop("incident-step", SECURITY, at("/pages/incidents/{incident}/step")),
    Stop("incident-step-mistakes", SECURITY, send_empty("/pages/incidents/{incident}/step")),
    Stop("incident-trace", SECURITY, at("/pages/incidents/{incident}/trace")),
    Stop("incident-report", SECURITY, at("/pages/incidents/{incident}/report")),
    Stop("alarms", SECURITY, at("/pages/alarms")),
    Stop("alarm", SECURITY, at("/pages/alarms/{alarm}")),
    Stop("sanctions", SECURITY, at("/pages/sanctions")),
    Stop("sanction-new-mistakes", SECURITY, send_empty("/pages/sanctions/new")),
    Stop("home-overseer", SECURITY, at("/pages")),
    Stop("scans", PRINCIPAL, at("/pages/scans")),
    Stop("scans-none-found", PRINCIPAL, at("/pages/scans?scan=expired")),
    Stop("scan", PRINCIPAL, at("/pages/scans/{scan}")),
    Stop("scan-list", PRINCIPAL, at("/pages/scans/{scan}/list")),
    Stop("scan-try", PRINCIPAL, at("/pages/scans/try/dormant")),
    Stop("passwords", PRINCIPAL, at("/pages/scans/passwords")),
    Stop("decide-zombies", PRINCIPAL, lambda town, window: decide(town, window, "zombies")),
    Stop("request-zombies", AUDITOR, at("/pages/requests/{zombies}")),
    Stop("departures", SECURITY, at("/pages/departures")),
    Stop("departures-unit", HEAD, at("/pages/departures")),
    Stop("departures-movers", SECURITY, at("/pages/departures/movers")),
    Stop("departures-hints", SECURITY, at("/pages/departures/hints")),
    Stop("departures-reads", SECURITY, at("/pages/departures/reads")),
    Stop("departures-plan", SECURITY, at("/pages/departures/plans/{plan}")),
    Stop("rotations", SECURITY, at("/pages/departures/rotations")),
    Stop("rotation", SECURITY, at("/pages/departures/rotations/{rotation}")),
    Stop("rotation-mistakes", SECURITY, send_empty("/pages/departures/rotations/{rotation}")),
    Stop("findings", SECURITY, at("/pages/findings")),
    Stop("finding", SECURITY, at("/pages/findings/{finding}")),
    Stop("finding-mistakes", SECURITY, send_empty("/pages/findings/{finding}")),
    Stop("comparisons", SECURITY, at("/pages/findings/comparisons")),
    Stop("comparison", SECURITY, at("/pages/findings/comparisons/{comparison}")),
    Stop("jobs", AUDITOR, at("/pages/jobs")),
    Stop("job", AUDITOR, at("/pages/jobs/sync_departures")),
    Stop("ledger", AUDITOR, at("/pages/ledger")),
    Stop("ledger-mistakes", AUDITOR, at("/pages/ledger?as_of=2099-01-01")),
    Stop("ledger-account", AUDITOR, at("/pages/ledger/{leaver}")),
    Stop("persons", AUDITOR, at("/pages/persons")),
    Stop("persons-mistakes", AUDITOR, at("/pages/persons?unit=nirgends")),
    Stop("matrix", AUDITOR, at("/pages/matrix?unit=xxjsk")),
    Stop("batches", APPLICANT, at("/pages/batches")),
    Stop("batch", HEAD, at("/pages/batches/{batch}")),
    Stop("papers", AUDITOR, at("/pages/papers?unit=ywk")),
    Stop("matrix-draft", HEAD, at("/pages/matrix-drafts/ywk")),
    Stop("matrix-versions", AUDITOR, at("/pages/matrix-drafts/xxjsk/versions")),
    Stop("matrix-check", AUDITOR, at("/pages/matrix-checks")),
    Stop("deputies", HEAD, at("/pages/deputies")),
    Stop("deputies-mistakes", HEAD, send_empty("/pages/deputies")),
    Stop("overdue", PRINCIPAL, at("/pages/overdue")),
    Stop("statistics", PRINCIPAL, at("/pages/overdue/statistics")),
    Stop("vacancies", SECURITY, at("/pages/overdue/vacancies")),
    Stop("conflicts", AUDITOR, at("/pages/conflicts")),
    Stop("project", HEAD, at("/pages/conflicts/projects/{project}")),
    Stop("privileged", AUDITOR, at("/pages/privileged")),
    Stop("box", AUDITOR, at("/pages/privileged/{box}")),
    Stop("registrations", Office.VERIFIER, at("/pages/registrations")),
    Stop("registrations-refused", Office.VERIFIER, at("/pages/registrations/refused")),
    Stop("registration", HEAD, at("/pages/registrations/{mismatch}")),
    Stop("handovers", HEAD, at("/pages/handovers")),
    Stop("handover", HEAD, at("/pages/handovers/{change}")),
    Stop("unit-changes", Office.OPERATOR, at("/pages/unit-changes")),
    Stop("duties", HEAD, at("/pages/duties")),
    Stop("reviews", HEAD, at("/pages/reviews")),
    Stop("review", HEAD, at("/pages/reviews/{review}")),
    Stop("self-check", HEAD, at("/pages/self-checks/self_check")),
    Stop("inspections", AUDITOR, at("/pages/inspections")),
    Stop("inspection", SECURITY, at("/pages/inspections/{inspection}")),
    Stop("corrections", HEAD, at("/pages/corrections")),
    Stop("filings", PRINCIPAL, at("/pages/filings")),
    Stop("audit", AUDITOR, at("/pages/audit")),
    Stop("audit-entry", AUDITOR, at("/pages/audit/1")),
    Stop("keycloak-login", None, at("/sign-in"), foreign=True),
    Stop("keycloak-login-wrong", None, wrong_password, foreign=True),
    Stop("keycloak-new-password", None, first_login("login"), foreign=True),
    Stop("keycloak-new-password-weak", None, weak_password, foreign=True),
    Stop("keycloak-register-key", None, first_login("login", "update-password"), foreign=True),
    Stop("keycloak-set-up-codes", None, first_login("login", "update-password", action="CONFIGURE_TOTP"), foreign=True),
    Stop("keycloak-key", None, later_login, foreign=True),
    Stop("keycloak-key-refused", None, blank_key, foreign=True),
    Stop("keycloak-code", None, code_asked, foreign=True),
    Stop("keycloak-no-factor", None, no_factor, foreign=True),
)
