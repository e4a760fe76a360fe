"""口令期限: whose password is near its limit, past it, or was never changed since it was handed over (JC 23, JC 25)."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from connector.checks.password_list import FOLLOWED_UP, list_ages
from connector.checks.passwords import PasswordVerdict, count_verdicts
from connector.errors import Text
from connector.pages import owners
from connector.pages.access import PageActDep
from connector.pages.frame import render
from connector.pages.language import language_of, mark, translator
from connector.pages.paging import ON_A_PAGE, asked, paging
from connector.register import readers
from connector.register.offices import check_holds

router = APIRouter(prefix="/pages/scans/passwords", tags=["pages"], include_in_schema=False)

VERDICTS: Mapping[PasswordVerdict, Text] = {
    PasswordVerdict.EXPIRED: Text("已到期，登录时须修改", "At its limit, changed at the next login"),
    PasswordVerdict.INITIAL: Text("初始口令未修改", "Initial password, never changed"),
    PasswordVerdict.NOTICE: Text("即将到期", "Near its limit"),
}
TAGS: Mapping[PasswordVerdict, str] = {
    PasswordVerdict.EXPIRED: "bad",
    PasswordVerdict.INITIAL: "bad",
    PasswordVerdict.NOTICE: "warn",
}


@router.get("")
def list_passwords(request: Request, act: PageActDep, verdict: str = "", page: int = 1) -> HTMLResponse:
    """The accounts that somebody should follow up, the oldest password first, as things stand now."""
    check_holds(act, *readers.SCANS, doing="查看口令期限 / password ages")
    wanted = [each for each in FOLLOWED_UP if each.value == verdict] or list(FOLLOWED_UP)
    counts = count_verdicts(act)
    place = paging(asked(page), sum(counts[each] for each in wanted))
    found = list_ages(act, verdicts=wanted, first=place.first, count=ON_A_PAGE)
    known = owners.by_user_name(act, [one.user_name for one in found])
    return render(
        request, "passwords.html", title=translator(language_of(request))(mark("口令期限")), place=place,
        lines=[(one, known.get(one.user_name)) for one in found], paged=place if place.pages > 1 else None,
        counts=counts, verdict=wanted[0].value if len(wanted) == 1 else "", verdicts=VERDICTS, tags=TAGS,
        unknown=counts[PasswordVerdict.UNKNOWN],
    )  # fmt: skip
