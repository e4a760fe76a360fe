"""Laws of what comes round and of what goes wrong: reviews, filings, boxes, keys, cases, administrators, tables."""

from collections.abc import Iterator

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.incidents.case_tables import CaseReportRow, CaseRow
from connector.keys.rules import KeyState
from connector.keys.tables import HardwareKeyRow, ReplacementRow
from connector.outbox.tables import StepRow
from connector.privileged.tables import BoxRow
from connector.register import reach, units
from connector.register.accounts import request_of
from connector.register.administrator_tables import AdministratorReportRow
from connector.register.separated import SEPARATED
from connector.register.tables import AccountRow, AccountStateRow, AppointmentRow, GrantRow, MatrixRow, PersonRow
from connector.regulations.vocabulary import AccountStatus
from connector.requests.entitlement_tables import OverrideRow
from connector.requests.tables import DecisionRow, RequestRow, StageRow
from connector.reviews import filings
from connector.reviews.filing_tables import FilingRow
from connector.reviews.periods import before, period_of
from connector.reviews.reviewers import TOP
from connector.reviews.tables import CampaignRow, ReviewItemRow, SheetRow, SubjectRow
from connector.reviews.verified import verify_package
from tests.town import HOST, Town


def no_box_outlives_its_end(town: Town) -> Iterator[str]:
    """A box of privileged use is ended when its time is over, with proof from Keycloak and no grant left (JC 18)."""
    now = town.clock.now()
    for session in _reading(town):
        over = select(BoxRow).where(BoxRow.ends_at < now)
        for box in session.scalars(over):
            if box.state != "ended":
                yield f"{box.number}: {box.state} after its end"
            elif box.opened_at is not None and box.proved_at is None:
                yield f"{box.number}: its end is not proved"
        left = select(BoxRow.number).join(GrantRow, GrantRow.granted_by == BoxRow.request_id)
        for number in session.scalars(left.where(BoxRow.state == "ended", GrantRow.until.is_(None))):
            yield f"{number}: a permission of the box is still held"


def no_box_goes_unreviewed_in_silence(town: Town) -> Iterator[str]:
    """What was done in a box is reviewed by another person, or the missing review was alarmed (JC 18)."""
    for session in _reading(town):
        opened = select(BoxRow).where(BoxRow.opened_at.is_not(None), BoxRow.state == "ended")
        for box in session.scalars(opened):
            if box.reviewer_id == box.person_id:
                yield f"{box.number}: reviewed by its user"
            late = box.review_due_at is not None and box.review_due_at < town.clock.now()
            if late and box.reviewed_at is None and box.overdue_at is None:
                yield f"{box.number}: not reviewed, and nobody was told"


def every_withdrawal_of_a_review_was_approved(town: Town) -> Iterator[str]:
    """What a review takes away is taken by an approved request that the reviewer did not decide himself (JC 7, 9)."""
    for session in _reading(town):
        rows = session.execute(
            select(ReviewItemRow, SubjectRow, RequestRow)
            .join(SubjectRow, SubjectRow.id == ReviewItemRow.subject_id)
            .outerjoin(RequestRow, RequestRow.id == SubjectRow.request_id)
            .where(ReviewItemRow.outcome == "withdrawn")
        )
        for item, subject, request in rows:
            if request is None or request.state != "approved":
                yield f"{item.permission_id} of {subject.account_id}: withdrawn without an approved request"
                continue
            own = DecisionRow.request_id == request.id, DecisionRow.person_id == subject.answered_by
            if session.scalar(select(DecisionRow.id).where(*own)) is not None:
                yield f"{request.number}: the reviewer decided on it too"
            if session.scalar(_held_since_before(item, subject)) is not None:
                yield f"{item.permission_id} of {subject.account_id}: withdrawn, and still held"


def _held_since_before(item: ReviewItemRow, subject: SubjectRow) -> Select[tuple[int]]:
    return select(GrantRow.id).where(
        GrantRow.account_id == subject.account_id,
        GrantRow.permission_id == item.permission_id,
        GrantRow.until.is_(None),
        GrantRow.since <= subject.answered_at,
    )


def no_review_is_missed_in_silence(town: Town) -> Iterator[str]:
    """Whom nobody answered for by the end stands in the principal's list; nobody answers for himself (JC 7, 9)."""
    for session in _reading(town):
        own = select(SubjectRow.id).where(SubjectRow.answered_by == SubjectRow.person_id)
        yield from (f"{subject}: answered for himself" for subject in session.scalars(own))
        silent = (
            select(CampaignRow.number, SheetRow.unit_id)
            .join(SheetRow, SheetRow.campaign_id == CampaignRow.id)
            .join(SubjectRow, SubjectRow.sheet_id == SheetRow.id)
            .where(
                CampaignRow.closed_at.is_(None), SubjectRow.answered_at.is_(None), SheetRow.level < TOP,
                CampaignRow.listed_at < town.clock.now(),
            )
            .distinct()
        )  # fmt: skip
        yield from (f"{number}: {unit} silent, and nobody above was told" for number, unit in session.execute(silent))


def no_filing_is_missed_in_silence(town: Town) -> Iterator[str]:
    """Each quarter that is over is filed with its receipt, or its delay was alarmed; what is filed verifies (JC 19)."""
    rulebook, now = town.connector.rulebook, town.clock.now()
    rule = rulebook.periodic("filing")
    if rule is None:
        return
    with town.connector.act(HOST, reading=True) as act:
        first = act.session.scalar(select(func.min(AccountRow.opened_at)))
        period = before(period_of(now, rule.months), rule.months)
        while first is not None and first < period.start:
            row = filings.find_filing(act, period.label)
            told = AuditEntryRow.event == Event.FILING_OVERDUE.value, AuditEntryRow.subject == f"filing:{period.label}"
            late = rulebook.calendar.due(period.end, rule.working_days) < now
            filed = row is not None and row.state == filings.FILED
            if late and not filed and act.session.scalar(select(AuditEntryRow.id).where(*told)) is None:
                yield f"{period.label}: not filed, and nobody was told"
            period = before(period, rule.months)
        key = town.connector.signer.verifier_key()
        for row in act.session.scalars(select(FilingRow).where(FilingRow.state == filings.FILED)):
            wrong = [what for what, agrees in verify_package(filings.signed_package(row), key) if not agrees]
            if wrong or row.signed_by == row.prepared_by:
                yield f"{row.number}: does not verify ({wrong})"


def who_administered_and_left_has_no_power(town: Town) -> Iterator[str]:
    """Whose office of the separated three has ended, and who is out of use, holds nothing; it was reported (GS 9)."""
    for session in _reading(town):
        former, present = aliased(AppointmentRow), aliased(AppointmentRow)
        left = (
            select(former, AccountRow)
            .join(AccountRow, AccountRow.person_id == former.person_id)
            .where(former.office.in_(SEPARATED), former.ended_at.is_not(None), former.confirmed_at.is_not(None))
            .where(AccountRow.status != AccountStatus.ACTIVE)
        )
        for ended, account in session.execute(left).all():
            power = or_(present.person_id == ended.person_id, present.made_by == ended.person_id)
            alive = (
                present.ended_at.is_(None),
                or_(present.person_id == ended.person_id, present.confirmed_at.is_(None)),
            )
            if session.scalar(select(present.id).where(power, *alive)) is not None:
                yield f"{account.user_name}: has left, and an office or an open appointment of his is alive"
            report = AdministratorReportRow.appointment_id == ended.id, AdministratorReportRow.what == "ended"
            above = _has_level_above(town, ended)
            if above and session.scalar(select(AdministratorReportRow.id).where(*report)) is None:
                yield f"{account.user_name}: his leaving was not reported to the level above"


def _has_level_above(town: Town, ended: AppointmentRow) -> bool:
    with town.connector.act(HOST, reading=True) as act:
        return reach.level_above(act, units.get_unit_by_id(act, ended.unit_id)) is not None


def who_lost_his_key_is_out_until_he_has_another(town: Town) -> Iterator[str]:
    """Frozen when the loss was reported, out while the case is open, back only with the new key (GS 12)."""
    for session in _reading(town):
        cases = select(ReplacementRow, AccountRow, HardwareKeyRow).join(
            AccountRow, AccountRow.id == ReplacementRow.account_id
        )
        for case, account, former in session.execute(
            cases.join(HardwareKeyRow, HardwareKeyRow.id == ReplacementRow.former_id)
        ):
            if case.closed_at is None and account.status == AccountStatus.ACTIVE:
                yield f"{account.user_name}: active, and his key is lost"
            if former.status in (KeyState.ISSUED, KeyState.BOUND) and former.account_id == account.id:
                yield f"{former.serial}: reported lost, and still his"
            if case.closed_at is not None and case.approved_at is None and account.status != AccountStatus.CANCELLED:
                yield f"{account.user_name}: another key without approval"
            frozen = AccountStateRow.account_id == account.id, AccountStateRow.status != AccountStatus.ACTIVE
            shut = select(AccountStateRow.id).where(
                *frozen,
                AccountStateRow.since <= case.opened_at,
                or_(AccountStateRow.until.is_(None), AccountStateRow.until > case.opened_at),
            )
            if session.scalar(shut.limit(1)) is None:
                yield f"{account.user_name}: was not shut out when his key was lost"


def no_case_is_closed_half_done(town: Town) -> Iterator[str]:
    """A case froze its account when it was opened; a closed one was reported up, and another signed it (GS 13-15)."""
    for session in _reading(town):
        for case in session.scalars(select(CaseRow)):
            shut = select(AccountStateRow.id).where(
                AccountStateRow.account_id == case.account_id,
                AccountStateRow.status != AccountStatus.ACTIVE,
                AccountStateRow.since <= case.opened_at,
                or_(AccountStateRow.until.is_(None), AccountStateRow.until > case.opened_at),
            )
            if session.scalar(shut.limit(1)) is None:
                yield f"{case.number}: its account was not frozen"
            if case.state != "closed":
                continue
            signed = CaseReportRow.case_id == case.id, CaseReportRow.signed_at.is_not(None)
            report = session.scalars(select(CaseReportRow).where(*signed)).first()
            if report is None or report.signer_id == report.writer_id or case.reported_at is None:
                yield f"{case.number}: closed without its report"


def every_table_in_force_was_signed(town: Town) -> Iterator[str]:
    """One table of posts per unit, adopted by an approved request; what goes beyond one says why (JC 4, 5, 11)."""
    for session in _reading(town):
        several = select(MatrixRow.unit_id).where(MatrixRow.until.is_(None)).group_by(MatrixRow.unit_id)
        yield from (f"{unit}: two tables in force" for unit in session.scalars(several.having(func.count() > 1)))
        for table in session.scalars(select(MatrixRow)):
            source = request_of(table.adopted_by)
            request = session.get(RequestRow, source) if source is not None else None
            if source is not None and (request is None or request.state != "approved"):
                yield f"{table.unit_id}: version {table.version} was not approved"
        offices = select(OverrideRow.id, StageRow.office, OverrideRow.reason).join(
            DecisionRow, DecisionRow.id == OverrideRow.decision_id
        )
        for override, office, reason in session.execute(offices.join(StageRow, StageRow.id == DecisionRow.stage_id)):
            if office != "system_department_head" or len(reason) < 2:
                yield f"override {override}: by {office}, {reason!r}"


def every_approval_is_carried_out(town: Town) -> Iterator[str]:
    """What an approval gave stands in the register, and its steps to Keycloak were ordered (C1, C4)."""
    for session in _reading(town):
        gives = RequestRow.kind == "grant", RequestRow.state == "approved"
        for request in session.scalars(select(RequestRow).where(*gives)):
            given = select(GrantRow.permission_id).where(GrantRow.granted_by == request.id)
            names = set(session.scalars(given))
            before_it = select(GrantRow.permission_id).where(
                GrantRow.account_id == request.account_id, GrantRow.since <= request.closed_at
            )
            missing = set(request.form["permissions"]) - names - set(session.scalars(before_it))
            if missing:
                yield f"{request.number}: approved, and {sorted(missing)} never given"
            steps = select(StepRow.id).where(
                StepRow.request_id == request.id,
                StepRow.kind.in_(("keycloak.create_user", "keycloak.grant_roles")),
            )
            if names and session.scalar(steps.limit(1)) is None:
                yield f"{request.number}: approved, and no step to Keycloak was ordered"


def every_person_is_one(town: Town) -> Iterator[str]:
    """One person has one account that is not cancelled, and each account is of one person (JC 10, GS 10(5))."""
    for session in _reading(town):
        alive = select(AccountRow.person_id).where(AccountRow.status != AccountStatus.CANCELLED)
        for person_id in session.scalars(alive.group_by(AccountRow.person_id).having(func.count() > 1)):
            yield f"{session.get_one(PersonRow, person_id).id}: two accounts"


ROUND_LAWS = (
    no_box_outlives_its_end,
    no_box_goes_unreviewed_in_silence,
    every_withdrawal_of_a_review_was_approved,
    no_review_is_missed_in_silence,
    no_filing_is_missed_in_silence,
    who_administered_and_left_has_no_power,
    who_lost_his_key_is_out_until_he_has_another,
    no_case_is_closed_half_done,
    every_table_in_force_was_signed,
    every_approval_is_carried_out,
    every_person_is_one,
)


def _reading(town: Town) -> Iterator[Session]:
    with town.connector.database.reading() as session:
        yield session
