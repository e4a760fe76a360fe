"""我要申请, step 1: the way, the account where there is one, and the boxes of the annex. Submits nothing."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from connector.auth.act import Act
from connector.errors import ConnectorError, FieldProblem, RefusedInputError, Text
from connector.keys import service as keys
from connector.pages import boxes, chain, drafts, entries
from connector.pages.access import CSRF_FIELD, FormDep, PageActDep
from connector.pages.drafts import Draft
from connector.pages.form_tables import PageFormRow
from connector.pages.frame import render, see_other
from connector.pages.language import language_of, mark, translator
from connector.pages.ways import WAYS, Way, get_way
from connector.pages.wording import Words
from connector.register import accounts, people, roster, units
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import RequestKind

router = APIRouter(prefix="/pages/apply", tags=["pages"], include_in_schema=False)

MOST_ACCOUNTS = 50
BUTTONS = (CSRF_FIELD, "then")


@router.get("")
def choose(request: Request, act: PageActDep) -> HTMLResponse:
    """What can be applied for, and what the person has begun."""
    begun = [(row, get_way(row.way)) for row in drafts.list_open(act)]
    return render(request, "apply_choose.html", title=_t(request, mark("我要申请")), ways=WAYS, begun=begun)


@router.get("/{slug}")
def begin(request: Request, act: PageActDep, slug: str, account: str = "", q: str = "") -> HTMLResponse:
    """The empty form; before it, where the way needs an account, the choice of one."""
    way = get_way(slug)
    if way.needs_account and not account:
        return _choose_account(request, act, way, q.strip())
    own = people.get_person(act, str(act.actor.person_id)).unit_id
    first = {"account": [account], "unit": [units.get_unit_by_id(act, own).code]}
    if way.kind is RequestKind.REPLACE_KEY:
        held = keys.key_of(act, accounts.get_by_user_name(act, account))
        first["key"] = [held.serial] if held else []
    return _form(request, act, way, Draft(first))


@router.post("/{slug}")
def check_new(request: Request, act: PageActDep, form: FormDep, slug: str) -> Response:
    """Stores what was typed and goes on to the check; with mistakes, shows them and keeps every entry."""
    return _keep(request, act, get_way(slug), Draft(_typed(form)), saves=_saves(form))


@router.get("/drafts/{form_id}")
def go_on(request: Request, act: PageActDep, form_id: str) -> Response:
    """A form that was begun; one that was submitted leads to its request."""
    row = drafts.get(act, form_id)
    if row.number:
        return see_other(request, f"/pages/requests/{row.number}")
    return _form(request, act, get_way(row.way), drafts.read(act, row), row=row)


@router.post("/drafts/{form_id}")
def check_again(request: Request, act: PageActDep, form: FormDep, form_id: str) -> Response:
    """The next revision of a form."""
    row = drafts.get(act, form_id, lock=True)
    if row.number:
        return see_other(request, f"/pages/requests/{row.number}")
    draft = Draft(_typed(form), subject_id=drafts.read(act, row).subject_id)
    return _keep(request, act, get_way(row.way), draft, row=row, saves=_saves(form))


@router.post("/drafts/{form_id}/discard")
def discard(request: Request, act: PageActDep, form_id: str) -> Response:
    """Throws a form away."""
    drafts.discard(act, form_id)
    return see_other(request, "/pages/apply", banner=_t(request, mark("草稿已删除")))


def refused(request: Request, error: ConnectorError, *, back: str) -> HTMLResponse:
    """What may not be applied for: why, what to do, who can do it. No field is at fault, so none is marked."""
    words = error.problem() if language_of(request) == "zh-CN" else error.problem()["en"]
    return render(
        request, "apply_refused.html", title=_t(request, mark("此申请不能提交")), status=error.status,
        problem=words, clause=error.clause_cited, back=back,
    )  # fmt: skip


def _keep(
    request: Request, act: Act, way: Way, draft: Draft, *, row: PageFormRow | None = None, saves: bool
) -> Response:
    form_id = row.id if row else None
    if saves:
        drafts.save(act, way.slug, draft, form_id=form_id)
        return see_other(request, "/pages/apply", banner=_t(request, mark("草稿已保存，保留24小时")))
    try:
        form, planned = entries.check(act, way, draft)
    except RefusedInputError as wrong:
        return _form(request, act, way, draft, row=row, problems=entries.problems_by_box(wrong.fields))
    except ConnectorError as error:
        kept = drafts.save(act, way.slug, draft, form_id=form_id)
        return refused(request, error, back=f"/pages/apply/drafts/{kept.id}")
    shown = Draft(draft.entries, chain.as_stored(act, planned, urgent=form.urgent), draft.subject_id)
    kept = drafts.save(act, way.slug, shown, form_id=form_id)
    return see_other(request, f"/pages/apply/drafts/{kept.id}/check#main")


def _form(
    request: Request, act: Act, way: Way, draft: Draft, *, row: PageFormRow | None = None,
    problems: Mapping[str, FieldProblem] | None = None,
) -> HTMLResponse:  # fmt: skip
    account = entries.account_of(act, way, draft.entries)
    drawn, form = boxes.draw(act, way, draft, account, problems or {}), way.form(act.rulebook)
    return render(
        request,
        "apply_form.html",
        title=Words(language_of(request)).pick(way.name),
        status=422 if problems else 200,
        way=way,
        form=form,
        titled=Text(form.title, form.title_en),
        boxes=drawn,
        account=account,
        stages=chain.drawn(request, _sketch(act, way, draft, account)),
        row=row,
        problems=_summary(request, drawn),
    )


def _summary(request: Request, drawn: Sequence[boxes.Box]) -> list[tuple[str, str]]:
    """What is wrong, box by box from top to bottom, each with the name of its box."""
    words = Words(language_of(request))
    found = []
    for box in drawn:
        if box.problem is not None:
            label, said = words.pick(box.label), words.pick(Text(box.problem.zh, box.problem.en))
            named = _t(request, mark("{label}：{problem}"), label=label, problem=said)
            found.append((box.name, said if label in said else named))
    return found


def _sketch(act: Act, way: Way, draft: Draft, account: AccountRow | None) -> list[chain.Stage]:
    owner = people.get_person(act, account.person_id) if account else None
    code = entries.text(draft.entries, "unit")
    unit = units.get_unit_by_id(act, owner.unit_id) if owner else units.find_unit(act, code)
    if unit is None:
        unit = units.get_unit_by_id(act, people.get_person(act, str(act.actor.person_id)).unit_id)
    return chain.sketch(act, way, unit, owner.id if owner else None)


def _choose_account(request: Request, act: Act, way: Way, text: str) -> HTMLResponse:
    own = units.get_unit_by_id(act, people.get_person(act, str(act.actor.person_id)).unit_id)
    found = roster.list_within(act, own, statuses=way.allowed(), text=text, count=MOST_ACCOUNTS)
    return render(
        request, "apply_account.html", title=Words(language_of(request)).pick(way.name), way=way, text=text,
        found=found, own_id=act.actor.account_id, most=MOST_ACCOUNTS, unit=own,
    )  # fmt: skip


def _typed(form: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {name: list(values) for name, values in form.items() if name not in BUTTONS}


def _saves(form: Mapping[str, list[str]]) -> bool:
    """Whether the person only wants to keep what he typed."""
    return entries.text(form, "then") == "save"


def _t(request: Request, chinese: str, **values: str) -> str:
    return translator(language_of(request))(chinese, **values)
