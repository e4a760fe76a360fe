"""Tables of the pages: sessions of the browser, sign-ins under way, and what waits for a second factor."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class PageSessionRow(Base):
    """One signed-in browser. The cookie holds the token, the table only its digest."""

    __tablename__ = "page_sessions"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    subject: Mapped[str] = mapped_column(String(64), index=True)  # Keycloak's user id
    keycloak_sid: Mapped[str] = mapped_column(String(64), index=True)
    acr: Mapped[str] = mapped_column(String(16))
    amr: Mapped[list[str]]
    authenticated_at: Mapped[datetime]
    csrf_secret: Mapped[str] = mapped_column(String(64))
    id_token_sealed: Mapped[bytes] = mapped_column(LargeBinary)  # for the logout at Keycloak
    started_at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class PageSignInRow(Base):
    """A browser that was sent to Keycloak and is not back yet. Taken once, by its state, in the same browser."""

    __tablename__ = "page_sign_ins"

    state_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_digest: Mapped[str] = mapped_column(String(64))
    nonce: Mapped[str] = mapped_column(String(64))
    verifier_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    next_path: Mapped[str] = mapped_column(String(1024))
    action: Mapped[str] = mapped_column(String(32), default="")  # Keycloak's required action, as UPDATE_PASSWORD
    session_id: Mapped[str | None] = mapped_column(ForeignKey("page_sessions.id"))  # of an action or a step-up
    draft_id: Mapped[str | None] = mapped_column(String(36))  # of a step-up
    started_at: Mapped[datetime] = mapped_column(index=True)


class PageDraftRow(Base):
    """What a person has sent and is carried out when the second factor is proved; bound to session and purpose."""

    __tablename__ = "page_drafts"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    session_id: Mapped[str] = mapped_column(ForeignKey("page_sessions.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(32))
    back: Mapped[str] = mapped_column(String(1024))
    payload_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    stored_at: Mapped[datetime] = mapped_column(index=True)
