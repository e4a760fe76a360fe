"""One-time links: from an approved account to its initial password, seen once, by the person named (C2).

The token exists only in the mail and in the person's browser; the password only in the process that made it, until
the page is sent. Keycloak asks for a new one at the first login.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urljoin

from sqlalchemy import func, or_, select, update

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.outbox import service as outbox
from connector.outbox.deliver import Settle
from connector.outbox.tables import StepRow
from connector.ports import IdentityProvider
from connector.provisioning.errors import AccountNotActiveError, LinkNotValidError
from connector.provisioning.passwords import REPLACE_PASSWORD, make_initial_password
from connector.provisioning.tables import LinkRow
from connector.register import people
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import AccountClass, AccountStatus
from connector.storage.tables import new_id

WRONG_TRIES = 5
SUFFIX_LENGTH = 6


def make_link(act: Act, account: AccountRow, *, public_url: str, life: timedelta, request_id: str | None = None) -> str:
    """Ends earlier links of the account, stores the new one's hash, returns its address. Recorded."""
    if account.status != AccountStatus.ACTIVE:
        raise AccountNotActiveError(status=account.status)
    act.session.execute(
        update(LinkRow)
        .where(LinkRow.account_id == account.id, LinkRow.opened_at.is_(None), LinkRow.ended_at.is_(None))
        .values(ended_at=act.now)
    )
    token = secrets.token_urlsafe(32)
    link = LinkRow(
        id=new_id(),
        account_id=account.id,
        token_digest=_digest(token),
        issued_at=act.now,
        expires_at=act.now + life,
    )
    act.session.add(link)
    audit.record(
        act, Event.LINK_ISSUED, f"link:{link.id}",
        account_id=account.id, person_id=account.person_id, request_id=request_id,
    )  # fmt: skip
    return urljoin(public_url, f"/welcome/{token}")


def needs_link(act: Act, account: AccountRow) -> bool:
    """Whether the account's password was made void and its person has taken no other since (GS 13, JC 23)."""
    opened = select(func.max(LinkRow.opened_at)).where(LinkRow.account_id == account.id).scalar_subquery()
    voided = select(StepRow.id).where(
        StepRow.account_id == account.id,
        StepRow.kind == REPLACE_PASSWORD,
        or_(opened.is_(None), StepRow.enqueued_at > opened),
    )
    return act.session.scalar(voided.limit(1)) is not None


def get_open_link(act: Act, token: str) -> LinkRow:
    """The link of this token if it can still be used, locked; LinkNotValidError otherwise."""
    link = act.session.scalar(select(LinkRow).where(LinkRow.token_digest == _digest(token)).with_for_update())
    if link is None or link.opened_at or link.ended_at or link.expires_at <= act.now or link.wrong_tries >= WRONG_TRIES:
        raise LinkNotValidError
    return link


def order_password(act: Act, token: str, document_suffix: str) -> tuple[int, int]:
    """Checks that the person named is opening the link; returns (step id, 0), or (0, tries left) when he is not.

    A wrong answer must be counted, so it is not raised here: the caller commits first and refuses then.
    """
    link = get_open_link(act, token)
    account = act.session.get_one(AccountRow, link.account_id)
    if account.status != AccountStatus.ACTIVE:
        raise AccountNotActiveError(status=account.status)
    person = act.session.get_one(PersonRow, account.person_id)
    suffix = document_suffix.strip().upper()
    if len(suffix) != SUFFIX_LENGTH or not people.has_document_ending(act, person, suffix):
        link.wrong_tries += 1
        left = WRONG_TRIES - link.wrong_tries
        audit.record(
            act, Event.LINK_REFUSED, f"link:{link.id}",
            account_id=account.id, person_id=account.person_id, alarm=left == 0, tries_left=left,
        )  # fmt: skip
        return 0, left
    step = outbox.enqueue(
        act,
        "keycloak.set_initial_password",
        key=f"password:{new_id()}",
        lane=f"link:{link.id}",
        payload={"link_id": link.id},
        account_id=account.id,
        interactive=True,
    )
    # On record before Keycloak is touched: where the record cannot be written, no password is set (GX 10).
    audit.record(
        act, Event.STEP_ENQUEUED, f"step:{step.id}",
        account_id=account.id, person_id=account.person_id, kind=step.kind, link=link.id,
    )  # fmt: skip
    return step.id, 0


def password_handler(
    idp: IdentityProvider,
    reveal: Callable[[str, str], None],
    open_account: Callable[[StepRow], AccountRow],
    min_length: Callable[[AccountClass], int],
) -> Callable[[StepRow], Settle]:
    """The handler that sets the password it makes and gives it to `reveal`; run only by the page that ordered it."""

    def handle(step: StepRow) -> Settle:
        account = open_account(step)
        if account.status != AccountStatus.ACTIVE or not account.keycloak_id:
            raise AccountNotActiveError(status=account.status)
        password = make_initial_password(min_length(AccountClass(account.account_class)))
        idp.set_temporary_password(account.keycloak_id, password)
        idp.log_out(account.keycloak_id)  # Sessions survive an administrator's reset (measured).

        def settle(act: Act) -> None:
            link = act.session.get_one(LinkRow, step.payload["link_id"])
            link.opened_at = act.now
            audit.record(act, Event.LINK_OPENED, f"link:{link.id}", account_id=account.id, person_id=account.person_id)
            reveal(account.user_name, password)

        return settle

    return handle


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
