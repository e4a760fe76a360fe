"""REST routes of the keys and of the ledger that shows them. Decides nothing itself."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime

from connector.auth.act import Act
from connector.http import ActDep, ActorDep
from connector.keys import service
from connector.keys.ledger import read_ledger
from connector.keys.rules import KeyState
from connector.keys.schemas import (
    BatchView,
    DestroyForm,
    FindingView,
    ImportForm,
    ImportView,
    IssueForm,
    KeyEventView,
    KeyListView,
    KeyUseView,
    KeyView,
    ReplacementView,
    ReportForm,
    ReturnForm,
    WaiverView,
    batch_view,
    event_views,
    finding_views,
    key_view,
    key_views,
    replacement_views,
    waiver_views,
)
from connector.keys.sheets import SheetRow, make_template
from connector.register import accounts, ledger
from connector.register.offices import check_holds
from connector.register.readers import KEYS
from connector.register.schemas import LedgerView
from connector.regulations.vocabulary import AccountStatus

MEDIA = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Serial = Annotated[str, Path(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$")]
Count = Annotated[int, Query(ge=1, le=1000)]

router = APIRouter(tags=["keys"])


def _check_reader(act: Act) -> None:
    check_holds(act, *KEYS, doing="查看密钥台账 / read the inventory of keys")


@router.get("/ledger", tags=["register"])
def show_ledger(
    act: ActDep,
    as_of: AwareDatetime | None = None,
    unit: str | None = None,
    status: AccountStatus | None = None,
    text: str | None = Query(None, max_length=64),
    first: int = Query(0, ge=0, le=10**9),
    subsystem: str | None = Query(None, max_length=32, description="accounts that held a permission there"),
    count: int = Query(50, ge=1, le=ledger.MOST_ROWS),
) -> LedgerView:
    """账号台账，现在或过去某一时刻 / the ledger, now or as of a past moment; a unit head sees his own unit."""
    return read_ledger(
        act, as_of=as_of, unit_code=unit, status=status, text=text, subsystem=subsystem, first=first, count=count
    )


@router.get("/keys")
def list_keys(
    act: ActDep,
    status: KeyState | None = None,
    batch: str | None = Query(None, max_length=64),
    account: str | None = Query(None, max_length=64, description="user name"),
    text: str | None = Query(None, max_length=64),
    first: int = Query(0, ge=0, le=10**9),
    count: Count = 50,
) -> KeyListView:
    """密钥台账 / the inventory of keys, by serial number."""
    _check_reader(act)
    holder = accounts.get_by_user_name(act, account).id if account else None
    page = service.list_keys(act, status=status, batch=batch, account_id=holder, text=text, first=first, count=count)
    return KeyListView(total=page.total, rows=key_views(act, page.rows))


@router.post("/keys", status_code=201)
def import_keys(act: ActDep, form: ImportForm) -> ImportView:
    """登记一批密钥入库 / take a delivery of keys into stock; every wrong cell is named, nothing half-applied."""
    rows = [SheetRow(line, row.model_dump()) for line, row in enumerate(form.rows, 1)]
    delivery = service.Delivery(paper=form.paper, supplier=form.supplier, batch=form.batch)
    return ImportView.model_validate(service.import_batch(act, rows, delivery))


@router.get("/keys/{serial}")
def read_key(act: ActDep, serial: Serial) -> KeyView:
    """查看一枚密钥 / one key."""
    _check_reader(act)
    return key_view(act, service.get_key(act, serial))


@router.get("/keys/{serial}/history")
def read_history(act: ActDep, serial: Serial) -> list[KeyEventView]:
    """密钥流转记录 / every state of a key, oldest first (GS 16)."""
    _check_reader(act)
    return event_views(act, service.history(act, serial))


@router.get("/keys/{serial}/uses")
def read_uses(act: ActDep, serial: Serial, count: Count = 100) -> list[KeyUseView]:
    """该密钥的登录记录 / logins by this key, newest first."""
    _check_reader(act)
    return [KeyUseView.model_validate(use) for use in service.list_uses(act, serial, count=count)]


@router.post("/keys/{serial}/issue")
def issue_key(act: ActDep, serial: Serial, form: IssueForm) -> KeyView:
    """发放密钥（密钥保管员）/ give a key to an account against a receipt."""
    account = accounts.get_by_user_name(act, form.account)
    return key_view(act, service.issue_key(act, serial, account, receipt=form.receipt, note=form.note))


@router.post("/keys/{serial}/return")
def return_key(act: ActDep, serial: Serial, form: ReturnForm) -> KeyView:
    """收回密钥并解除绑定 / take a key back and unbind it."""
    return key_view(act, service.return_key(act, serial, receipt=form.receipt, note=form.note))


@router.post("/keys/{serial}/restock")
def restock_key(act: ActDep, serial: Serial, form: ReportForm) -> KeyView:
    """已收回的密钥重新入库 / put a returned key back into stock."""
    return key_view(act, service.restock_key(act, serial, note=form.note))


@router.post("/keys/{serial}/lost")
def report_lost(act: ActDep, serial: Serial, form: ReportForm) -> KeyView:
    """登记密钥遗失，账号立即冻结 / report a key lost; its account is frozen at once (GS 12)."""
    return key_view(act, service.report_lost(act, serial, note=form.note))


@router.post("/keys/{serial}/damaged")
def report_damaged(act: ActDep, serial: Serial, form: ReportForm) -> KeyView:
    """登记密钥损坏，账号立即冻结 / report a key damaged; its account is frozen at once (GS 12)."""
    return key_view(act, service.report_damaged(act, serial, note=form.note))


@router.post("/keys/{serial}/destroy")
def destroy_key(act: ActDep, serial: Serial, form: DestroyForm) -> KeyView:
    """两人销毁密钥 / destroy a key before a witness."""
    return key_view(act, service.destroy_key(act, serial, witness=form.witness, note=form.note))


@router.get("/key-batches")
def list_batches(act: ActDep) -> list[BatchView]:
    """密钥批次 / the batches of keys, the newest first."""
    _check_reader(act)
    return [batch_view(batch, keys) for batch, keys in service.list_batches(act)]


@router.get("/key-findings")
def list_findings(act: ActDep, open_only: bool = False, count: Count = 200) -> list[FindingView]:
    """密钥核对发现 / where Keycloak and the inventory disagree, newest first."""
    _check_reader(act)
    return finding_views(act, service.list_findings(act, open_only=open_only, count=count))


@router.get("/key-replacements")
def list_replacements(act: ActDep, open_only: bool = True, count: Count = 200) -> list[ReplacementView]:
    """密钥遗失、损坏补发 / cases of lost and damaged keys."""
    _check_reader(act)
    return replacement_views(act, service.list_replacements(act, open_only=open_only, count=count))


@router.get("/key-waivers")
def list_waivers(act: ActDep, open_only: bool = True, count: Count = 200) -> list[WaiverView]:
    """暂以动态口令代替密钥 / accounts that log in by one-time code for a time."""
    _check_reader(act)
    return waiver_views(act, service.list_waivers(act, open_only=open_only, count=count))


@router.get("/key-templates/{kind}", response_class=Response)
def download_template(_actor: ActorDep, kind: Literal["csv", "xlsx"]) -> Response:
    """下载入库模板 / the empty template of a delivery."""
    headers = {"Content-Disposition": f'attachment; filename="keys.{kind}"'}
    return Response(make_template(f".{kind}"), media_type=MEDIA[kind], headers=headers)
