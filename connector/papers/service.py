"""The papers room's front door: the drawn form of a request, of an account, of a unit, ready for the typesetter."""

from connector.auth.act import Act
from connector.auth.actor import ActorKind
from connector.papers import handovers, records
from connector.papers.errors import NoSuchAnnexError
from connector.papers.facts import Numbers, PaperFacts, gather
from connector.papers.forms import ANNEXES, Draw, Drawn, draw_plain
from connector.register import people, reach, units
from connector.register.offices import OFFICE_ZONE, check_host_or_holds
from connector.register.readers import LEDGER
from connector.register.tables import UnitRow
from connector.registration import service as registration
from connector.requests import service as requests
from connector.requests import show
from connector.requests.tables import RequestRow

PLAIN = "plain"


def request_paper(act: Act, number: str, *, annex: str = "", reason: str = "") -> Drawn:
    """The form of a request, filled (LC 6(1), 7; JC 10), for those who may see the request.

    `annex` is lc1, lc2, lc3, jc2 or plain; without it the first that the rules in force draw. Numbers of persons are
    masked; with a `reason` of at least four characters they are whole, for those who may read them, and the reading
    is recorded (J5). Raises NotFoundError, NoSuchAnnexError, ForbiddenError, RefusedInputError.
    """
    request = requests.get_request(act, number)
    show.check_may_see(act, request, requests.stages_of(act, request))
    whole = _reveal(act, request, reason) if reason else None
    facts = gather(act, request, whole)
    drawn = _chosen(facts, annex)(facts)
    return {"author": facts.unit, **drawn, "foot": _foot(act, request)}


def list_annexes(facts: PaperFacts) -> dict[str, Draw]:
    """The forms this request can be printed in, the regulation's own first; the plain one always."""
    clauses = {field.clause for field in facts.form.fields}
    drawn = {name: draw for name, clause, draw, kinds in ANNEXES if facts.kind in kinds and clause in clauses}
    return {**drawn, PLAIN: draw_plain}


def administrator_paper(act: Act, user_name: str) -> Drawn:
    """GS annex 1 of an administrator's account, for those who oversee and the operator of the machine (GS 9)."""
    check_host_or_holds(act, *LEDGER, doing="打印系统管理员登记表 / print the registration of an administrator")
    return _dated(act, records.administrator_form(act, user_name))


def unit_paper(act: Act, unit_code: str) -> Drawn:
    """The register of a unit (HH 1), for those who oversee and its own head."""
    return _dated(act, records.unit_register(act, _unit(act, unit_code)))


def matrix_paper(act: Act, unit_code: str) -> Drawn:
    """The table of posts and permissions of a unit (JC annex 1), for those who oversee and its own head."""
    return _dated(act, records.matrix_listing(act, _unit(act, unit_code)))


def handover_paper(act: Act, change_id: str) -> Drawn:
    """The record of a handover (HH 3), for both sides, the unit head, and those who keep the register.

    Raises NotFoundError, ForbiddenError.
    """
    change = registration.get_change(act, change_id)
    if act.actor.kind is not ActorKind.HOST:
        registration.check_may_read(act, change)
    drawn = handovers.handover_form(act, change)
    return {**drawn, "foot": f"打印时间：{_moment(act)}\n内容摘要：{drawn['digest']}"}


def _chosen(facts: PaperFacts, annex: str) -> Draw:
    offered = list_annexes(facts)
    if not annex:
        return next(iter(offered.values()))
    if annex not in offered:
        raise NoSuchAnnexError(annex=annex, offered=", ".join(offered))
    return offered[annex]


def _reveal(act: Act, request: RequestRow, reason: str) -> Numbers | None:
    if request.person_id is None:
        return None
    shown = people.reveal(act, request.person_id, reason)
    return Numbers(document=shown.document_number, phone=shown.phone)


def _unit(act: Act, code: str) -> UnitRow:
    unit = units.get_unit(act, code)
    within = reach.units_of_ledger(act)
    if within is not None and not any(units.is_within(unit, above) for above in within):
        check_host_or_holds(act, *LEDGER, doing="打印其他单位的表 / print another unit's papers")
    return unit


def _foot(act: Act, request: RequestRow) -> str:
    version = f"（第{request.version}版）" if request.version > 1 else ""
    return f"申请编号：{request.number}{version}　打印时间：{_moment(act)}\n内容摘要：{request.digest}"


def _dated(act: Act, drawn: Drawn) -> Drawn:
    return {**drawn, "foot": f"打印时间：{_moment(act)}"}


def _moment(act: Act) -> str:
    return f"{act.now.astimezone(OFFICE_ZONE):%Y-%m-%d %H:%M}"


__all__ = [
    "administrator_paper",
    "handover_paper",
    "list_annexes",
    "matrix_paper",
    "request_paper",
    "unit_paper",
]
