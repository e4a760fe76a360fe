"""Shapes of streams and of answers to subsystems' questions, as shown."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class StreamView(BaseModel):
    """A stream without its secrets."""

    model_config = ConfigDict(from_attributes=True)

    subsystem_id: str
    url: str
    audience: str
    enabled: bool
    registered_by: str
    registered_at: datetime
    accepted_at: datetime | None
    disabled_at: datetime | None
    disabled_reason: str


class RegisteredStreamView(BaseModel):
    """A stream with the token the subsystem asks with, shown this once."""

    stream: StreamView
    token: str


class VerificationView(BaseModel):
    """The step that sends the verification event; its `accepted_at` shows when it has arrived."""

    step: int


class Standing(BaseModel):
    """What a subsystem may know of an account: whether it is in use at this moment, and what it may do there."""

    status: str
    permissions: list[str]
    as_of: datetime


class Transmitter(BaseModel):
    """What a receiver needs to verify our tokens (SSF 1.0, section 7)."""

    spec_version: str
    issuer: str
    jwks_uri: str
    delivery_methods_supported: list[str]
    default_subjects: str
