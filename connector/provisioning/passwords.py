"""Makes initial passwords (LC 6(2), JC 23, GS 10(3)). Stores nothing, logs nothing."""

import secrets

REPLACE_PASSWORD = "keycloak.replace_password"  # noqa: S105 - the kind of the step that makes a password void
# No characters that people confuse on paper (0 O o, 1 l I).
LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
DIGITS = "23456789"
SYMBOLS = "!@#%*+-=?"


def make_initial_password(min_length: int) -> str:
    """A random password of at least 16 characters with letters, digits and symbols."""
    length = max(16, min_length)
    required = [
        secrets.choice(LETTERS[:24]),
        secrets.choice(LETTERS[24:]),
        secrets.choice(DIGITS),
        secrets.choice(SYMBOLS),
    ]
    characters = required + [secrets.choice(LETTERS + DIGITS + SYMBOLS) for _ in range(length - len(required))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)
