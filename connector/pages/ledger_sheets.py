"""The ledger as a table to file: one row per account, each permission with its approvals, as .xlsx, .csv or PDF (A5).

Every row cites who approved what it shows: number, office, name, and where there are any the one stood for, the office
of an alternate and what was approved beyond the table of posts (JC 8(2), JC 15, GS 16). Full numbers never appear.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select

from connector.auth.act import Act
from connector.errors import Text
from connector.keys.ledger import read_ledger
from connector.pages import deciders
from connector.pages.sheets import plain
from connector.pages.wording import Words
from connector.register import catalogue
from connector.register.accounts import PAPER
from connector.register.ledger import MOST_ROWS
from connector.register.offices import OFFICE_NAMES, OFFICE_ZONE
from connector.register.schemas import LedgerRowView
from connector.regulations.vocabulary import Office
from connector.requests.entitlement_tables import OverrideRow
from connector.requests.tables import DecisionRow, RequestRow, StageRow
from connector.storage.batches import in_batches

COLUMNS = (
    "账号", "使用人", "证件号码", "单位", "用户类别", "状态", "状态起始", "密钥", "权限", "开通日期", "审批依据",
)  # fmt: skip
WIDTHS = (28, 18, 30, 30, 18, 13, 24, 18, 46, 24, 0)  # mm on A4 across; 0 takes what is left


def ledger_table(act: Act, **wanted: Any) -> tuple[datetime, list[list[str]]]:
    """The moment of the ledger and a row of COLUMNS for each account; `wanted` as in `ledger.list_ledger`.

    Who may read what is the ledger's rule. Raises ForbiddenError, NotFoundError.
    """
    as_of, rows = _all_rows(act, wanted)
    cited = cite(act, {source for row in rows for source in _sources(row)})
    names = {row.id: f"{row.module} {row.workflow_role}" for row in catalogue.list_permissions(act)}
    words = Words("zh")
    return as_of, [_row(words, row, names, cited) for row in rows]


def cite(act: Act, sources: Iterable[str]) -> dict[str, str]:
    """What is written of each source: a request with its number and its approvals, a paper with its number."""
    wanted = list(sources)
    cited = {source: f"文件 {source.removeprefix(PAPER)}" for source in wanted if source.startswith(PAPER)}
    requests = [source for source in wanted if not source.startswith(PAPER)]
    beyond = _overrides(act, requests)
    for some in in_batches(requests):
        found = act.session.execute(
            select(RequestRow, DecisionRow, StageRow)
            .join(DecisionRow, DecisionRow.request_id == RequestRow.id)
            .join(StageRow, StageRow.id == DecisionRow.stage_id)
            .where(RequestRow.id.in_(some), DecisionRow.version == RequestRow.version)
            .order_by(RequestRow.number, StageRow.position)
        )
        told: dict[str, list[str]] = defaultdict(list)
        for request, decision, stage in found:
            told.setdefault(request.id, [request.number]).append(_approval(act, decision, stage))
        cited |= {request_id: "；".join(parts + beyond[request_id]) for request_id, parts in told.items()}
    return cited


def listing(as_of: datetime, rows: list[list[str]]) -> dict[str, Any]:
    """The data of the printed list, for `typesetter.pdf("listing", …)`."""
    columns = [{"title": title, "width": width} for title, width in zip(COLUMNS, WIDTHS, strict=True)]
    return {
        "title": "账号台账",
        "above": [f"截至：{plain(as_of)}　　账号：{len(rows)}个"],
        "landscape": True,
        "size": 7,
        "columns": columns,
        "rows": rows,
    }


def _all_rows(act: Act, wanted: dict[str, Any]) -> tuple[datetime, list[LedgerRowView]]:
    rows: list[LedgerRowView] = []
    while True:
        page = read_ledger(act, **{**wanted, "first": len(rows), "count": MOST_ROWS})
        rows += page.rows
        wanted = {**wanted, "as_of": page.as_of}
        if not page.rows or len(rows) >= page.total:
            return page.as_of, rows


def _sources(row: LedgerRowView) -> Iterator[str]:
    """What the row rests on, each once: the opening, the status, every permission."""
    found = [row.opened_by, row.status_request_id, *(grant.granted_by for grant in row.grants)]
    yield from dict.fromkeys(source for source in found if source)


def _row(words: Words, row: LedgerRowView, names: dict[str, str], cited: dict[str, str]) -> list[str]:
    return [
        row.user_name,
        row.person_name,
        row.document_masked,
        row.unit_name,
        words.account_class(row.account_class),
        words.status(row.status),
        plain(row.status_since),
        row.key_serial or "",
        "\n".join(f"{names.get(g.permission_id, g.permission_id)}（{g.permission_id}）" for g in row.grants),
        plain(row.opened_at),
        "\n".join(cited.get(source, source) for source in _sources(row)),
    ]


def _approval(act: Act, decision: DecisionRow, stage: StageRow) -> str:
    office: Text = OFFICE_NAMES[Office(stage.office)]
    day = decision.decided_at.astimezone(OFFICE_ZONE)
    return f"{office.zh} {deciders.name_of(act, decision)} {day:%Y-%m-%d}"


def _overrides(act: Act, request_ids: list[str]) -> dict[str, list[str]]:
    """What was approved beyond the table of posts, and who took it upon himself, by request (JC 11).

    Of the version that took effect alone: what a former version asked for was not granted by it.
    """
    told: dict[str, list[str]] = defaultdict(list)
    for some in in_batches(request_ids):
        found = act.session.execute(
            select(OverrideRow, DecisionRow, StageRow)
            .join(RequestRow, RequestRow.id == OverrideRow.request_id)
            .join(DecisionRow, DecisionRow.id == OverrideRow.decision_id)
            .join(StageRow, StageRow.id == DecisionRow.stage_id)
            .where(OverrideRow.request_id.in_(some), OverrideRow.version == RequestRow.version)
            .order_by(OverrideRow.at)
        )
        for row, decision, stage in found:
            by = _approval(act, decision, stage)
            told[row.request_id].append(
                f"超出对照表：{'、'.join(row.permissions)}（例外批准：{by}；理由：{row.reason}）"
            )
    return told
