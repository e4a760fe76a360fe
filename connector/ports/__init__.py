"""What this product needs from outside: Keycloak, the HR directory, mail, HTTP targets, secrets, the clock.

Only types and exceptions. `adapters` holds the real ones, `tests/fakes` the fakes; one contract test runs on both.
"""

from connector.ports.directory import (
    CursorLostError,
    Directory,
    DirectoryChanges,
    DirectoryEntry,
    DirectoryProbe,
    DirectoryReadError,
    DirectoryReading,
    MappedAttribute,
)
from connector.ports.identity import (
    ForeignAccountError,
    IdentityProvider,
    IdpCredential,
    IdpEvent,
    IdpUser,
    KeycloakRefusedError,
    KeycloakUnavailableError,
    NewUser,
    ProbeResult,
    SessionCount,
    UnknownUserError,
)
from connector.ports.outside import (
    Clock,
    ForbiddenTargetError,
    HttpAnswer,
    HttpSender,
    Mailer,
    NoteSigner,
    TokenSigner,
    Vault,
)

__all__ = [
    "Clock",
    "CursorLostError",
    "Directory",
    "DirectoryChanges",
    "DirectoryEntry",
    "DirectoryProbe",
    "DirectoryReadError",
    "DirectoryReading",
    "ForbiddenTargetError",
    "ForeignAccountError",
    "HttpAnswer",
    "HttpSender",
    "IdentityProvider",
    "IdpCredential",
    "IdpEvent",
    "IdpUser",
    "KeycloakRefusedError",
    "KeycloakUnavailableError",
    "Mailer",
    "MappedAttribute",
    "NewUser",
    "NoteSigner",
    "ProbeResult",
    "SessionCount",
    "TokenSigner",
    "UnknownUserError",
    "Vault",
]
