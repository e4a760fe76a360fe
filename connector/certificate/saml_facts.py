"""Facts of the subsystem that speaks SAML: its level is kept, and its assertion says so."""

from contextlib import closing

from connector.adapters.realm_saml import CONTEXTS
from connector.certificate.attempts import thief
from connector.certificate.fact import demand, fact
from connector.certificate.saml_browser import SamlBrowser
from connector.certificate.scratch import ScratchRealm, redirect_uris
from connector.embedded.browser import LoginRefusedError, Person
from connector.errors import Text


@fact(
    "step-up.saml-has-its-level",
    Text("SAML 子系统同样要求第二因素，断言写明级别", "The SAML subsystem gets its level, and the assertion says so"),
    Text(
        "SAML 请求同样可以改写所需级别；旧版 Keycloak 不在断言中写明级别",
        "A SAML request may ask for less as well; older versions of Keycloak cannot name the level in the assertion",
    ),
    "GS 10(2)",
)
def saml_has_its_level(scratch: ScratchRealm) -> str:
    somebody, told = scratch.new_key_holder(), 0
    for subsystem in scratch.config.subsystems:
        if subsystem.protocol != "saml":
            continue
        for context in ("", CONTEXTS["pwd"], CONTEXTS["mfa"]):
            got = _context(scratch, subsystem.id, somebody.person, context)
            level = CONTEXTS[subsystem.level]
            right = got in ("", level) if context == CONTEXTS["pwd"] else got == level
            demand(right, f"{subsystem.id} asked for {context or 'none'}: {got or 'refused'}")
            got = _context(scratch, subsystem.id, thief(somebody), context)
            demand(not got, f"the password alone opens {subsystem.id}, which is told {got}")
            told += 1
    return f"by the key never told as less than the level, by the password alone refused; {told} ways of asking"


def _context(scratch: ScratchRealm, client: str, person: Person, context: str) -> str:
    """The level told to the subsystem, "" when the login is refused."""
    scratch.admin.delete("/attack-detection/brute-force/users")
    with closing(SamlBrowser(scratch.server_url, scratch.name, redirect_uris(scratch.config))) as browser:
        try:
            return browser.log_in_by_saml(client, redirect_uris(scratch.config)[client], person, context=context)
        except LoginRefusedError:
            return ""


FACTS = (saml_has_its_level,)
