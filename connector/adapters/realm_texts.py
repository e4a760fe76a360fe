"""Bringing the words of Keycloak's own pages to what realm-config/ lists. Writes only when told to."""

from collections.abc import Mapping
from typing import Any

from connector.adapters.realm_clients import Reconciler
from connector.adapters.realm_state import RealmParameters
from connector.realm_config import RealmConfig

PLACE = "/localization"
Texts = dict[str, dict[str, str]]


def desired_texts(config: RealmConfig, parameters: RealmParameters) -> Texts:
    """Texts by locale and key, with the rules in force put in; see the head of 09-texts.toml."""
    lock = {
        "{failures}": str(config.realm["failureFactor"]),
        "{minutes}": str(config.realm["waitIncrementSeconds"] // 60),
    }
    found: Texts = {}
    for locale, texts in config.texts.items():
        words = parameters.password_words.get(locale)
        filled = {**lock, "{rules}": words.rules if words else "", "{age}": words.age if words else ""}
        found[locale] = {key: _filled(text, filled) for key, text in texts.items()}
    return found


def reconcile_texts(run: Reconciler, desired: Texts) -> None:
    """Every text as listed; one that nobody listed is taken away: it could lead people astray."""
    for locale in run.api.get(PLACE):
        if locale not in desired and run.note("remove", f"texts {locale}"):
            run.api.delete(f"{PLACE}/{locale}")
    for locale, wanted in desired.items():
        current: dict[str, Any] = run.api.get(f"{PLACE}/{locale}")
        if not current:
            changed = dict(wanted) if run.note("create", f"texts {locale}") else {}
        else:
            changed = {
                key: text
                for key, text in wanted.items()
                if current.get(key) != text and run.note("change", f"texts {locale}", key, current.get(key), text)
            }
        if changed:
            run.api.post(f"{PLACE}/{locale}", changed)
        for key in sorted(current.keys() - wanted.keys()):
            if run.note("remove", f"texts {locale}", key):
                run.api.delete(f"{PLACE}/{locale}/{key}")


def _filled(text: str, words: Mapping[str, str]) -> str:
    for place, word in words.items():
        text = text.replace(place, word)
    return text.strip()
