"""审计记录: alarms first, a search by person, account, request, time and event, and one entry whole (GX 10).

Nothing of the record can be changed or deleted, here or anywhere. Numbers of persons are not in it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from sqlalchemy import select

from connector.audit import search
from connector.audit.events import Event
from connector.audit.seal import find_last_checkpoint
from connector.audit.tables import AuditEntryRow
from connector.auth.act import Act
from connector.errors import FieldProblem, NotFoundError, Text
from connector.pages import entries, frame, owners
from connector.pages.access import PageActDep
from connector.pages.days import read_day
from connector.pages.event_words import event_name, event_words
from connector.pages.flat import flat
from connector.pages.frame import render
from connector.pages.language import language_of, mark, translator
from connector.pages.owners import Owner
from connector.pages.paging import ON_A_PAGE
from connector.pages.visitor import get_desk
from connector.pages.wording import Words
from connector.register import accounts, readers
from connector.register.offices import check_holds, end_of_day
from connector.requests.tables import RequestRow

router = APIRouter(prefix="/pages/audit", tags=["pages"], include_in_schema=False)

LATELY = timedelta(days=7)
MOST_ALARMS = 10
NO_ACCOUNT = FieldProblem("who", "没有此账号", "There is no such account")
NO_REQUEST = FieldProblem("number", "没有此申请", "There is no such request")


class Asked(NamedTuple):
    """What the reader searches by, as it was typed."""

    who: str = ""
    number: str = ""
    since: str = ""
    until: str = ""
    event: str = ""
    alarms: str = ""

    @property
    def address(self) -> str:
        return f"/pages/audit?{urlencode({name: value for name, value in self._asdict().items() if value})}"


class Line(NamedTuple):
    """One entry as the page draws it."""

    entry: AuditEntryRow
    event: Text
    by: str
    about: Owner | None
    number: str


@router.get("")
def search_record(
    request: Request, act: PageActDep, who: str = "", number: str = "", since: str = "", until: str = "",
    event: str = "", alarms: str = "", before: int = 0,
) -> HTMLResponse:  # fmt: skip
    """Entries that fit, newest first; without conditions the alarms of the last days stand above them."""
    _check_reader(act)
    wanted = Asked(who.strip(), number.strip(), since.strip(), until.strip(), event if event in set(Event) else "",
                   "yes" if alarms else "")  # fmt: skip
    problems: list[FieldProblem] = []
    conditions = _conditions(act, wanted, problems)
    before_id = before if 0 < before < 2**63 else None
    found = [] if problems else search.list_entries(act, **conditions, before_id=before_id, count=ON_A_PAGE + 1)
    words = Words(language_of(request))
    plain = not any(wanted) and before_id is None
    lately = search.list_entries(act, since=act.now - LATELY, alarms_only=True, count=MOST_ALARMS) if plain else []
    return render(
        request, "audit.html", title=_t(request, mark("审计记录")), status=422 if problems else 200, asked=wanted,
        lines=_lines(act, found[:ON_A_PAGE]), more=len(found) > ON_A_PAGE, lately=_lines(act, lately),
        begun=before_id is None, events=sorted((value, words.pick(text)) for value, text in event_words().items()),
        sealed=find_last_checkpoint(act.session), problems=entries.said(words, problems),
    )  # fmt: skip


@router.get("/checkpoint")
def download_checkpoint(request: Request, act: PageActDep) -> Response:
    """The newest signed checkpoint (C2SP note), to be kept on another machine."""
    _check_reader(act)
    last = find_last_checkpoint(act.session)
    if last is None:
        raise NotFoundError(kind="检查点 (checkpoint)", name="latest")
    name = f"checkpoint-{last.size}.txt"
    kept = {**frame.headers(get_desk(request).settings), "Content-Disposition": f"attachment; filename={name}"}
    return PlainTextResponse(last.note, headers=kept)


@router.get("/{entry_id}")
def read(request: Request, act: PageActDep, entry_id: int) -> HTMLResponse:
    """One entry with everything that was recorded of it."""
    _check_reader(act)
    entry = act.session.get(AuditEntryRow, entry_id) if 0 < entry_id < 2**63 else None
    if entry is None:
        raise NotFoundError(kind="审计记录 (entry)", name=str(entry_id))
    line = _lines(act, [entry])[0]
    return render(
        request, "audit_entry.html", title=_t(request, mark("审计记录 {n}"), n=str(entry.id)), line=line,
        data=flat(entry.data),
    )  # fmt: skip


def _conditions(act: Act, wanted: Asked, problems: list[FieldProblem]) -> dict[str, Any]:
    found: dict[str, Any] = {"event": wanted.event or None, "alarms_only": bool(wanted.alarms)}
    if wanted.who:
        account = accounts.find_by_user_name(act, wanted.who)
        found["person_id"] = account.person_id if account else None
        problems += [] if account else [NO_ACCOUNT]
    if wanted.number:
        found["request_id"] = act.session.scalar(select(RequestRow.id).where(RequestRow.number == wanted.number))
        problems += [] if found["request_id"] else [NO_REQUEST]
    first, last = read_day(wanted.since, "since", problems), read_day(wanted.until, "until", problems)
    found["since"] = end_of_day(first - timedelta(days=1)) if first else None
    found["until"] = end_of_day(last) if last else None
    return found


def _lines(act: Act, found: Sequence[AuditEntryRow]) -> list[Line]:
    """The entries with the names of those who acted and of what they are about: three queries for the whole page."""
    actors = owners.by_user_name(act, [entry.actor for entry in found if entry.actor_person_id])
    about = owners.by_account(act, [entry.account_id for entry in found if entry.account_id])
    people = owners.by_person(act, [entry.person_id for entry in found if entry.person_id])
    ids = {entry.request_id for entry in found if entry.request_id}
    rows = act.session.execute(select(RequestRow.id, RequestRow.number).where(RequestRow.id.in_(ids)))
    numbers = {request_id: number for request_id, number in rows}
    return [
        Line(
            entry,
            event_name(entry.event),
            actors[entry.actor].name if entry.actor in actors else "",
            about.get(entry.account_id or "") or people.get(entry.person_id or ""),
            numbers.get(entry.request_id or "", ""),
        )
        for entry in found
    ]


def _check_reader(act: Act) -> None:
    check_holds(act, *readers.RECORD, doing="查阅审计记录 / reading the record")


def _t(request: Request, chinese: str, **values: str) -> str:
    return translator(language_of(request))(chinese, **values)
