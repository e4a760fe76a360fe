"""The departures room's front door: what jobs, routes and commands call. Freezes through provisioning only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, or_, select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.departures import readings, release
from connector.departures.cases import CaseView, list_cases, open_case, settle_cases
from connector.departures.plan import (
    FREEZABLE,
    BreakerRules,
    KnownPerson,
    ManagedAccount,
    Plan,
    plan_departures,
)
from connector.departures.readings import record_reading, record_refused_read
from connector.departures.tables import DeparturePlanRow
from connector.errors import NotFoundError
from connector.ports import DirectoryReading
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import AccountRow, AccountStateRow, PersonRow
from connector.regulations.vocabulary import AccountClass, AccountStatus
from connector.requests.tables import RequestRow
from connector.settings import Settings

__all__ = [
    "BreakerRules",
    "CaseView",
    "Run",
    "breaker_rules",
    "get_plan",
    "list_cases",
    "list_plans",
    "plan_run",
    "preview_plan",
    "record_reading",
    "record_refused_read",
    "request_number",
    "settle_cases",
    "user_names",
]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run did. `state`: nothing, executed, released (a held plan after its approval), held, rejected."""

    state: str
    plan: Plan
    people: int
    quarantined: int
    frozen: int
    settled: int
    request_id: str | None
    step_ids: tuple[int, ...]

    def summary(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "people": self.people,
            "quarantined": self.quarantined,
            "leavers": len(self.plan.automatic),
            "manual": len(self.plan.manual),
            "frozen": self.frozen,
            "cases_settled": self.settled,
            "reasons": [reason.value for reason in self.plan.reasons],
            "plan_hash": self.plan.hash if self.plan.items or self.plan.held else None,
            "request_id": self.request_id,
        }


def breaker_rules(settings: Settings, *, interval: timedelta = timedelta(hours=1)) -> BreakerRules:
    """The breaker of this installation. `interval` is the least time between the two reads that make an absence."""
    return BreakerRules(
        count=settings.breaker_count,
        share=settings.breaker_share,
        floor=settings.breaker_floor,
        interval=interval,
        canaries=frozenset(settings.directory.canaries),
    )


def plan_run(act: Act, reading: DirectoryReading, rules: BreakerRules) -> Run:
    """Stores a complete reading, plans, and freezes or holds (JC 14, 22; LC 7(2)).

    The act must be a job's. The freezes stand in `act.urgent`: tried at once after the commit, they do not wait.
    """
    plan = preview_plan(act, reading, rules)
    row = readings.record_reading(act, reading)
    settled = settle_cases(act)
    _open_manual_cases(act, plan)
    state, request_id = _settle_state(act, plan)
    step_ids: list[int] = []
    frozen = 0
    if state not in ("held", "rejected"):
        row.good = True
        frozen, step_ids = _execute(act, plan)
    return Run(
        state=state,
        plan=plan,
        people=len(reading.entries),
        quarantined=len(reading.quarantined),
        frozen=frozen,
        settled=settled,
        request_id=request_id,
        step_ids=tuple(step_ids),
    )


def preview_plan(act: Act, reading: DirectoryReading, rules: BreakerRules) -> Plan:
    """The plan that a run would make of this reading; changes nothing."""
    known: Mapping[str, KnownPerson] = readings.load_known(act)
    return plan_departures(reading, known, _managed_accounts(act), rules, now=act.now, baseline=readings.baseline(act))


def list_plans(act: Act, *, limit: int = 50) -> list[DeparturePlanRow]:
    """Plans, the newest first."""
    newest_first = select(DeparturePlanRow).order_by(DeparturePlanRow.made_at.desc(), DeparturePlanRow.id)
    return list(act.session.scalars(newest_first.limit(limit)))


def get_plan(act: Act, plan_hash: str) -> tuple[DeparturePlanRow, dict[str, str]]:
    """The newest plan with this hash (or one that begins so), and its accounts' user names by account id."""
    statement = select(DeparturePlanRow).where(DeparturePlanRow.hash.startswith(plan_hash, autoescape=True))
    row = act.session.scalars(statement.order_by(DeparturePlanRow.made_at.desc())).first() if plan_hash else None
    if row is None:
        raise NotFoundError(kind="离岗方案 (departure plan)", name=plan_hash)
    return row, user_names(act, [str(item["account_id"]) for item in row.items])


def user_names(act: Act, account_ids: list[str]) -> dict[str, str]:
    """User names by account id."""
    statement = select(AccountRow.id, AccountRow.user_name).where(AccountRow.id.in_(account_ids))
    return {account_id: name for account_id, name in act.session.execute(statement)}


def request_number(act: Act, request_id: str | None) -> str | None:
    request = act.session.get(RequestRow, request_id) if request_id else None
    return request.number if request else None


def _settle_state(act: Act, plan: Plan) -> tuple[str, str | None]:
    """What becomes of the plan: carried out, released, or held with the request that may release it."""
    if plan.held:
        row = release.hold_plan(act, plan)
        return row.state, row.request_id
    release.supersede_open_plans(act)
    if not plan.automatic:
        return "nothing", None
    release.store_plan(act, plan, "executed")
    return "executed", None


def _execute(act: Act, plan: Plan) -> tuple[int, list[int]]:
    """Freezes each account that is still in use, and opens its case; returns how many, and the steps to run."""
    step_ids: list[int] = []
    frozen = 0
    for item in plan.automatic:
        account = accounts.lock_account(act, item.account_id)
        if AccountStatus(account.status) not in FREEZABLE and not accounts.is_frozen_for_key(act, account):
            continue
        step_ids += provisioning.freeze_account(act, account, cause="departure", reason=item.cause.value)
        open_case(act, account, cause=item.cause, frozen=True)
        frozen += 1
    if plan.automatic:
        audit.record(
            act, Event.PLAN_EXECUTED, f"plan:{plan.hash}", alarm=plan.held, frozen=frozen,
            reasons=[reason.value for reason in plan.reasons],
        )  # fmt: skip
    return frozen, step_ids


def _open_manual_cases(act: Act, plan: Plan) -> None:
    """Administrators and canaries are never frozen by a machine: their case, with its alarm, calls a person (JC 22)."""
    for item in plan.manual:
        open_case(act, accounts.get_account(act, item.account_id), cause=item.cause, frozen=False)


def _managed_accounts(act: Act) -> list[ManagedAccount]:
    statement = (
        select(AccountRow.id, PersonRow.directory_key, AccountRow.account_class, AccountRow.status)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .outerjoin(AccountStateRow, and_(AccountStateRow.account_id == AccountRow.id, AccountStateRow.until.is_(None)))
        .where(
            PersonRow.directory_key.is_not(None),
            # Who is frozen for a lost key alone counts as in use: the next key would bring him back, although he left.
            or_(
                AccountRow.status.in_([s.value for s in FREEZABLE]),
                and_(AccountRow.status == AccountStatus.FROZEN.value, AccountStateRow.cause.in_(accounts.KEY_CAUSES)),
            ),
        )
    )
    return [
        ManagedAccount(
            account_id=account_id,
            key=key,
            account_class=AccountClass(account_class),
            status=AccountStatus.ACTIVE if status == AccountStatus.FROZEN else AccountStatus(status),
        )
        for account_id, key, account_class, status in act.session.execute(statement)
        if key is not None
    ]
