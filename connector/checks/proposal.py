"""Turns the findings of the zombie scan into one request to the principal (LC 7(2)). Disables nobody by itself."""

from collections.abc import Sequence

from sqlalchemy import case, exists, select, update

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.checks import dormancy
from connector.checks.dormancy import DormancyRule, DormancyVerdict, DormantAccount
from connector.checks.tables import FindingRow, ScanRow
from connector.register import units
from connector.register.tables import AccountStateRow
from connector.regulations.vocabulary import RequestKind
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow
from connector.storage.tables import new_id

LIMIT = 200  # What a person can look through in one sitting; the rest comes with the next proposal.
OPEN_STATES = ("pending", "returned")


def propose_dormant(act: Act) -> RequestRow | None:
    """Asks the principal, in ONE request, to disable the zombies found; None when there is nobody to propose.

    Not proposed: who is in an open proposal, and whom a principal looked at within the last period of the rule.
    Raises what `requests.service.submit_request` raises, for example when the office of principal is vacant.
    """
    settle_findings(act)
    rule = dormancy.rule_in_force(act)
    counts = dormancy.count_verdicts(act, rule)
    spoken_for = _spoken_for(act, rule)
    found = [a for a in dormancy.list_dormant(act, rule) if a.account_id not in spoken_for]
    proposed = found[:LIMIT]
    request = _submit(act, proposed, rule) if proposed else None
    scan = ScanRow(
        id=new_id(),
        scan="dormant",
        started_at=act.now,
        finished_at=act.now,
        rule=rule.as_json(),
        counted=sum(counts.values()),
        found=counts[DormancyVerdict.DORMANT] + counts[DormancyVerdict.NEVER_USED],
        unknown=counts[DormancyVerdict.UNKNOWN],
    )
    act.session.add(scan)
    act.session.flush()
    _record(act, scan, proposed, request, left=len(found) - len(proposed))
    return request


def settle_findings(act: Act) -> None:
    """States what became of the accounts of closed proposals: "decided" when disabled by it, else "spared".

    Spared is whom the principal excluded, whom he did not approve, and who logged in between proposal and decision.
    """
    disabled_by_it = exists().where(
        AccountStateRow.account_id == FindingRow.account_id, AccountStateRow.request_id == FindingRow.request_id
    )
    closed = exists().where(RequestRow.id == FindingRow.request_id, RequestRow.state.not_in(OPEN_STATES))
    act.session.execute(
        update(FindingRow)
        .where(FindingRow.state == "proposed", closed)
        .values(state=case((disabled_by_it, "decided"), else_="spared"))
        .execution_options(synchronize_session=False)
    )


def _spoken_for(act: Act, rule: DormancyRule) -> set[str]:
    asked_lately = FindingRow.found_at > rule.now - rule.dormancy
    still_open = RequestRow.state.in_(OPEN_STATES)
    query = (
        select(FindingRow.account_id)
        .join(RequestRow, RequestRow.id == FindingRow.request_id)
        .where(still_open | (asked_lately & (RequestRow.state != "withdrawn")))
    )
    return set(act.session.scalars(query))


def _submit(act: Act, accounts: Sequence[DormantAccount], rule: DormancyRule) -> RequestRow:
    days = rule.dormancy.days
    return requests.submit_request(
        act,
        RequestForm(
            kind=RequestKind.DISABLE_DORMANT,
            unit_code=units.centre(act).code,
            reason=f"检查发现{len(accounts)}个账号连续{days}天未使用或开通后从未使用",
            cause="dormant",
            accounts=tuple(account.user_name for account in accounts),
            evidence={account.user_name: account.evidence() for account in accounts},
        ),
    )


def _record(
    act: Act, scan: ScanRow, proposed: Sequence[DormantAccount], request: RequestRow | None, *, left: int
) -> None:
    if request is not None:
        act.session.add_all(
            FindingRow(
                run_id=scan.id,
                account_id=account.account_id,
                request_id=request.id,
                evidence=account.evidence(),
                state="proposed",
                found_at=act.now,
            )
            for account in proposed
        )
        for account in proposed:
            audit.record(
                act,
                Event.DORMANT_PROPOSED,
                f"account:{account.account_id}",
                account_id=account.account_id,
                request_id=request.id,
                **account.evidence(),
            )
    audit.record(
        act,
        Event.SCAN_FINISHED,
        f"scan:{scan.id}",
        scan=scan.scan,
        rule=scan.rule,
        counted=scan.counted,
        found=scan.found,
        unknown=scan.unknown,
        proposed=len(proposed),
        left=left,
    )
