"""The composition root: the only place that picks real things. Pages, API, commands, jobs and tests enter here."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import select

# Who sees a row, and what holds an account, is said in its own room: loaded here, so that no process works without.
import connector.conflicts.confined
import connector.incidents.confined
import connector.incidents.holds
import connector.registration.holds
import connector.requests.confined
import connector.reviews.confined  # noqa: F401
from connector.adapters import chosen
from connector.adapters.clock import SystemClock
from connector.adapters.crypto import AesGcmVault
from connector.adapters.http_sender import AllowListSender
from connector.adapters.signing import Ed25519NoteSigner
from connector.adapters.token_signer import EcTokenSigner
from connector.adapters.typesetter import TypstTypesetter
from connector.audit.retention import check_retention
from connector.auth.act import Act
from connector.auth.actor import Actor, job_actor, person_actor
from connector.auth.claims import TokenVerifier
from connector.auth.login import LoginClient
from connector.departures.handlers import MoverHandlers
from connector.errors import NotSignedInError
from connector.incidents.handlers import FreezeHandlers
from connector.keys.handlers import KeyHandlers
from connector.outbox.deliver import Delivery, Handler
from connector.outbox.mail import MailHandlers
from connector.outbox.tables import StepRow
from connector.ports import (
    ActivityArchive,
    Clock,
    Directory,
    HttpSender,
    IdentityProvider,
    KeycloakUnavailableError,
    Mailer,
    NoteSigner,
    TokenSigner,
    Typesetter,
    Vault,
)
from connector.privileged.handlers import BoxHandlers
from connector.provenance.handlers import ProvenanceHandlers
from connector.provisioning import links
from connector.provisioning.converge import ConvergeHandlers
from connector.provisioning.errors import WrongDocumentError
from connector.provisioning.handlers import KeycloakHandlers
from connector.provisioning.inspection import Inspection
from connector.provisioning.letters import LinkLetters
from connector.reconciliation.three_way_handlers import MatrixHandlers
from connector.register import accounts, confine, separated
from connector.register.tables import AccountRow
from connector.regulations.loader import load_rulebook
from connector.regulations.rulebook import Rulebook
from connector.regulations.vocabulary import AccountClass, AccountStatus
from connector.scans.intake import ScanIntake, open_intake
from connector.settings import Settings
from connector.signals.deliver import PUSH_SECONDS, SignalHandlers
from connector.storage.engine import Database
from connector.storage.lock import only_instance
from connector.webhooks.deliver import WebhookHandlers


@dataclass
class Connector:
    """Everything real, built once. Use `act` for one transaction of one actor."""

    settings: Settings
    database: Database
    rulebook: Rulebook
    vault: Vault
    idp: IdentityProvider
    directory: Directory | None
    mailer: Mailer
    http: HttpSender
    push_http: HttpSender  # with the short limit of signals
    signer: NoteSigner
    token_signer: TokenSigner
    clock: Clock
    typesetter: Typesetter
    tokens: TokenVerifier
    login: LoginClient
    archive: ActivityArchive | None = None  # Keycloak's own database, where it may be read

    @contextmanager
    def act(
        self, actor: Actor, *, now: datetime | None = None, reading: bool = False, changing: bool = False
    ) -> Iterator[Act]:
        """One act in one transaction: committed at the end of the block, then its urgent steps are tried at once.

        An act that only reads waits for no writer. One that is there to change something is refused to an auditor
        before anything else; whatever he does, his session writes nothing (JC 8, GS 9).
        """
        with self._open(actor, now, reading) as act:
            if changing:
                separated.check_may_change(act)
            yield act
        if act.urgent:
            self.run_steps(act.urgent)

    @contextmanager
    def _open(self, actor: Actor, now: datetime | None = None, reading: bool = False) -> Iterator[Act]:
        with self.database.reading() if reading else self.database.session() as session:
            act = Act(
                session=session, actor=actor, now=now or self.clock.now(), rulebook=self.rulebook, vault=self.vault
            )
            confine.confine(act)
            yield act

    @cached_property
    def scan_intake(self) -> ScanIntake:
        """Takes stamped scans in, and gives them out again."""
        return open_intake(self.settings)

    @cached_property
    def inspection(self) -> Inspection:
        """Looks at one account in the register and in Keycloak."""
        keys = KeyHandlers(self.idp, self.database.reading, self.rulebook)
        return Inspection(self.idp, self.database.reading, self.rulebook, keys.attributes)

    @cached_property
    def delivery(self) -> Delivery:
        """The worker of the outbox with every handler there is."""
        life = timedelta(hours=self.settings.link_hours)
        url = self.settings.public_url
        handlers: dict[str, Handler] = {}
        for part in (
            KeycloakHandlers(self.idp, self.database.reading, self.rulebook),
            ConvergeHandlers(self.idp, self.database.reading, self.inspection),
            KeyHandlers(self.idp, self.database.reading, self.rulebook),
            MoverHandlers(self.idp, self.database.reading),
            BoxHandlers(self.idp, self.database.reading),
            LinkLetters(self.mailer, self._open, public_url=url, life=life),
            WebhookHandlers(self.http, self._open, public_url=url),
            SignalHandlers(
                self.push_http,
                self.token_signer,
                self.vault,
                self.database.reading,
                self._open,
                issuer=url,
                realm_issuer=self.settings.realm_issuer,
            ),
            MailHandlers(self.mailer),
            FreezeHandlers(self.idp, self.database.reading),
            ProvenanceHandlers(self.idp, self.database.reading, self.rulebook),
            MatrixHandlers(),
        ):
            table = part.table()
            if twice := handlers.keys() & table.keys():
                raise ValueError(f"two handlers for {sorted(twice)}")  # One would silently take the other's steps.
            handlers.update(table)
        return Delivery(self._open, handlers, timedelta(seconds=self.settings.outbox_lease_seconds))

    def deliver(self, *, now: datetime | None = None, limit: int = 1000) -> int:
        """Runs due outbox steps until none is due; returns how many tries were made."""
        return self.delivery.run_due(now, limit)

    def run_steps(self, step_ids: Sequence[int]) -> list[str]:
        """Tries these steps at once; what cannot be done now stays with the worker."""
        return self.delivery.run_urgent(step_ids)

    def actor_of(self, token: str) -> Actor:
        """The person of a valid access token whose account is active here; NotSignedInError otherwise.

        A frozen person's token is refused at once, although it is valid by itself until it ends; and enabling the
        account brings no token back that is older (GS 12-14).
        """
        claims = self.tokens.verify(token)
        with self.database.reading() as session:
            account = session.scalar(select(AccountRow).where(AccountRow.keycloak_id == claims.subject))
            if account is None or account.status != AccountStatus.ACTIVE:
                raise NotSignedInError
            back = accounts.back_since(session, account.id)
            if back is not None and claims.issued_at is not None and claims.issued_at <= back:
                raise NotSignedInError
            return person_actor(
                account.person_id,
                account.user_name,
                account_id=account.id,
                via="api",
                acr=claims.level,
                amr=claims.methods,
                authenticated_at=claims.authenticated_at,
            )

    def open_link(self, token: str, document_suffix: str) -> tuple[str, str]:
        """Opens a one-time link: (user name, initial password), seen once (C2, JC 23).

        Raises LinkNotValidError, WrongDocumentError (counted), AccountNotActiveError, KeycloakUnavailableError; the
        link stays good after the last of them.
        """
        page = job_actor("welcome_page")
        with self._open(page) as act:
            step_id, left = links.order_password(act, token, document_suffix)
        if not step_id:
            raise WrongDocumentError(left=left)
        shown: list[tuple[str, str]] = []
        handler = links.password_handler(
            self.idp, lambda name, password: shown.append((name, password)), self._account_of, self._min_length
        )
        self.delivery.run_now([step_id], handler)
        if not shown:
            raise KeycloakUnavailableError
        return shown[0]

    def only_instance(self, service: str) -> AbstractContextManager[None]:
        """On SQLite, refuses a second process of this service; on PostgreSQL replicas are welcome."""
        return only_instance(self.settings.data_dir, service) if self.database.is_sqlite else nullcontext()

    def close(self) -> None:
        self.database.close()

    def _account_of(self, step: StepRow) -> AccountRow:
        with self.database.reading() as session:
            return session.get_one(AccountRow, step.account_id)

    def _min_length(self, account_class: AccountClass) -> int:
        return self.rulebook.password(account_class).min_length


def build(
    settings: Settings,
    *,
    idp: IdentityProvider | None = None,
    directory: Directory | None = None,
    mailer: Mailer | None = None,
    http: HttpSender | None = None,
    clock: Clock | None = None,
    rulebook: Rulebook | None = None,
    tokens: TokenVerifier | None = None,
    login: LoginClient | None = None,
) -> Connector:
    """Builds the connector from its settings; each part may be replaced. Opens no connection to another server."""
    keys = settings.data_dir / "keys"
    rules = rulebook or load_rulebook(
        settings.rule_packs, pack_dir=settings.rule_pack_dir, calendar_file=settings.calendar_file
    )
    check_retention(settings.retention_days, rules)
    return Connector(
        settings=settings,
        database=Database(settings.database_url),
        rulebook=rules,
        vault=AesGcmVault(keys / "ring.json"),
        idp=idp or chosen.keycloak(settings),
        directory=directory or chosen.directory(settings),
        mailer=mailer or chosen.mailer(settings),
        http=http or AllowListSender(settings.webhook_allow),
        push_http=http or AllowListSender(settings.webhook_allow, timeout=PUSH_SECONDS),
        signer=Ed25519NoteSigner(settings.log_origin, keys / "record.pem"),
        token_signer=EcTokenSigner(keys / "signals.pem"),
        clock=clock or SystemClock(),
        typesetter=TypstTypesetter(settings.font_dir),
        tokens=tokens or chosen.tokens(settings),
        login=login or chosen.login(settings),
        archive=chosen.archive(settings),
    )
