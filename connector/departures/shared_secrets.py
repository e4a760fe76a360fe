"""The register of shared secrets: what there is, what it opens, who knows it (JC 22). No secret is kept here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.departures.secret_tables import KnownSecretRow, SecretKnowerRow
from connector.departures.staff_errors import SecretNameTakenError
from connector.errors import FieldProblem, NotFoundError, RefusedInputError
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.requests.forms import number_problems

NAME_LENGTH, OPENS_LENGTH = 64, 128


class SecretKind(StrEnum):
    """What kind of secret."""

    SERVICE_KEY = "service_key"  # key of a service account
    DATABASE = "database"  # 数据库口令
    MASTER_ADMINISTRATOR = "master_administrator"  # the master realm's administrator
    DIRECTORY_BIND = "directory_bind"  # the read-only account at the HR directory
    ENDPOINT_SECRET = "endpoint_secret"  # noqa: S105  # secret of an API endpoint
    DOOR_CONTROLLER = "door_controller"  # 门禁
    SERVER = "server"  # root or administrator of a machine
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class SecretView:
    """One secret with the user names of those who know it now."""

    name: str
    kind: str
    opens: str
    known_by: list[str]
    registered_at: datetime
    changed_at: datetime | None


def add_secret(act: Act, name: str, *, kind: SecretKind, opens: str) -> KnownSecretRow:
    """Registers a shared secret; recorded. Raises RefusedInputError, SecretNameTakenError."""
    _check_text("name", name, NAME_LENGTH)
    _check_text("opens", opens, OPENS_LENGTH)
    row = KnownSecretRow(name=name.strip(), kind=kind.value, opens=opens.strip(), registered_at=act.now)
    try:
        with act.session.begin_nested():
            act.session.add(row)
    except IntegrityError:
        raise SecretNameTakenError(name=name.strip()) from None
    audit.record(act, Event.SECRET_REGISTERED, f"secret:{row.id}", name=row.name, kind=row.kind, opens=row.opens)
    return row


def note_knower(act: Act, name: str, user_name: str) -> SecretKnowerRow:
    """Notes that this account's person knows the secret from now on; once. Raises NotFoundError."""
    secret, account = get_secret(act, name), accounts.get_by_user_name(act, user_name)
    known = _knower(act, secret.id, account.person_id)
    if known is not None:
        return known
    row = SecretKnowerRow(secret_id=secret.id, person_id=account.person_id, since=act.now)
    act.session.add(row)
    act.session.flush()
    audit.record(
        act, Event.SECRET_KNOWN, f"secret:{secret.id}", person_id=account.person_id, account_id=account.id,
        name=secret.name,
    )  # fmt: skip
    return row


def forget_knower(act: Act, name: str, user_name: str, *, reason: str) -> bool:
    """Ends the note that a person knows the secret: it was changed, and not told to him. False when there was none."""
    secret, account = get_secret(act, name), accounts.get_by_user_name(act, user_name)
    _check_text("reason", reason, 500)
    known = _knower(act, secret.id, account.person_id)
    if known is None:
        return False
    known.until = act.now
    audit.record(
        act, Event.SECRET_FORGOTTEN, f"secret:{secret.id}", person_id=account.person_id, account_id=account.id,
        name=secret.name, reason=reason.strip(),
    )  # fmt: skip
    return True


def get_secret(act: Act, name: str) -> KnownSecretRow:
    """The secret of this name; raises NotFoundError."""
    row = act.session.scalars(select(KnownSecretRow).where(KnownSecretRow.name == name.strip())).one_or_none()
    if row is None:
        raise NotFoundError(kind="共用口令或密钥 (secret)", name=name)
    return row


def list_secrets(act: Act) -> list[SecretView]:
    """Every secret, by name, with who knows it now."""
    knowers: dict[str, list[str]] = {}
    known = (
        select(SecretKnowerRow.secret_id, AccountRow.user_name)
        .join(AccountRow, AccountRow.person_id == SecretKnowerRow.person_id)
        .where(SecretKnowerRow.until.is_(None))
        .order_by(AccountRow.user_name)
    )
    for secret_id, user_name in act.session.execute(known):
        knowers.setdefault(secret_id, []).append(user_name)
    return [
        SecretView(
            name=row.name,
            kind=row.kind,
            opens=row.opens,
            known_by=knowers.get(row.id, []),
            registered_at=row.registered_at,
            changed_at=row.changed_at,
        )
        for row in act.session.scalars(select(KnownSecretRow).order_by(KnownSecretRow.name))
    ]


def known_to(act: Act, person_id: str) -> Sequence[KnownSecretRow]:
    """The secrets this person knows now, by name."""
    statement = (
        select(KnownSecretRow)
        .join(SecretKnowerRow, SecretKnowerRow.secret_id == KnownSecretRow.id)
        .where(SecretKnowerRow.person_id == person_id, SecretKnowerRow.until.is_(None))
        .order_by(KnownSecretRow.name)
    )
    return act.session.scalars(statement).all()


def mark_changed(act: Act, secret_id: str, person_id: str) -> None:
    """The secret is another one now, and this person does not know it."""
    act.session.get_one(KnownSecretRow, secret_id).changed_at = act.now
    knows = (SecretKnowerRow.secret_id == secret_id, SecretKnowerRow.person_id == person_id)
    act.session.execute(update(SecretKnowerRow).where(*knows, SecretKnowerRow.until.is_(None)).values(until=act.now))


def _knower(act: Act, secret_id: str, person_id: str) -> SecretKnowerRow | None:
    statement = select(SecretKnowerRow).where(
        SecretKnowerRow.secret_id == secret_id,
        SecretKnowerRow.person_id == person_id,
        SecretKnowerRow.until.is_(None),
    )
    return act.session.scalars(statement).one_or_none()


def _check_text(field: str, text: str, length: int) -> None:
    problems = number_problems(field, text)
    if not 2 <= len(text.strip()) <= length:
        problems.append(FieldProblem(field, f"请填写，2至{length}字", f"2 to {length} characters", "JC 22"))
    if problems:
        raise RefusedInputError(problems, clause="JC 22")
