"""Passwords of test persons: each another, and none that the policy calls weak by chance."""

import uuid

CONSONANTS = str.maketrans("0123456789abcdef", "bcdfghjkmnpqrtvx")  # No weak word and no run of digits is made of them.


def fresh(beginning: str, end: str) -> str:
    """A password with eight random letters between `beginning` and `end`, which bring digit and symbol."""
    return beginning + uuid.uuid4().hex[:8].translate(CONSONANTS) + end
