"""The tables of the room pages: second step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0002_06_pages"
down_revision = "0002_05_incidents"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _page_forms()
    _page_sessions()
    _page_drafts()
    _page_sign_ins()


def _page_forms() -> None:
    op.create_table(
        "page_forms",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("way", sa.String(length=32), nullable=False),
        sa.Column("resubmits", sa.String(length=24), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=True),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_page_forms_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_forms")),
    )
    op.create_index("ix_page_forms_expires_at", "page_forms", ["expires_at"], unique=False)
    op.create_index("ix_page_forms_person_id", "page_forms", ["person_id"], unique=False)


def _page_sessions() -> None:
    op.create_table(
        "page_sessions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("keycloak_sid", sa.String(length=64), nullable=False),
        sa.Column("acr", sa.String(length=16), nullable=False),
        sa.Column("amr", sa.JSON(), nullable=False),
        sa.Column("authenticated_at", UtcDateTime(), nullable=False),
        sa.Column("csrf_secret", sa.String(length=64), nullable=False),
        sa.Column("id_token_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_page_sessions_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_sessions")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_page_sessions_token_digest")),
    )
    op.create_index(op.f("ix_page_sessions_account_id"), "page_sessions", ["account_id"], unique=False)
    op.create_index(op.f("ix_page_sessions_keycloak_sid"), "page_sessions", ["keycloak_sid"], unique=False)
    op.create_index(op.f("ix_page_sessions_started_at"), "page_sessions", ["started_at"], unique=False)
    op.create_index(op.f("ix_page_sessions_subject"), "page_sessions", ["subject"], unique=False)


def _page_drafts() -> None:
    op.create_table(
        "page_drafts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("back", sa.String(length=1024), nullable=False),
        sa.Column("payload_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["page_sessions.id"], name=op.f("fk_page_drafts_session_id_page_sessions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_drafts")),
    )
    op.create_index(op.f("ix_page_drafts_session_id"), "page_drafts", ["session_id"], unique=False)
    op.create_index(op.f("ix_page_drafts_stored_at"), "page_drafts", ["stored_at"], unique=False)


def _page_sign_ins() -> None:
    op.create_table(
        "page_sign_ins",
        sa.Column("state_digest", sa.String(length=64), nullable=False),
        sa.Column("browser_digest", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("verifier_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("next_path", sa.String(length=1024), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=True),
        sa.Column("draft_id", sa.String(length=36), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["page_sessions.id"], name=op.f("fk_page_sign_ins_session_id_page_sessions")
        ),
        sa.PrimaryKeyConstraint("state_digest", name=op.f("pk_page_sign_ins")),
    )
    op.create_index(op.f("ix_page_sign_ins_started_at"), "page_sign_ins", ["started_at"], unique=False)
