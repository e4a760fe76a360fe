"""Mails of the reviews, through the outbox: to whoever may answer now. They name numbers and units, never people."""

from collections.abc import Iterable

from connector.auth.act import Act
from connector.outbox import service as outbox
from connector.register.tables import PersonRow, UnitRow
from connector.regulations.calendar import local_day
from connector.reviews.reviewers import TOP, bench_of
from connector.reviews.tables import CampaignRow, SheetRow


def tell_opened(act: Act, campaign: CampaignRow, sheet: SheetRow, unit: UnitRow) -> None:
    """To those who answer first: where a unit has no head, whoever is next."""
    bench = bench_of(act, unit)
    first = next((held for held in bench.levels if held), ())
    _tell(act, campaign, sheet, unit, first, "opened", "请复核本单位人员的权限", "Review your unit's permissions")


def tell_reminder(act: Act, campaign: CampaignRow, sheet: SheetRow, unit: UnitRow) -> None:
    """To everybody who may answer at the sheet's present level."""
    held = [person for level in bench_of(act, unit).levels[: sheet.level + 1] for person in level]
    _tell(act, campaign, sheet, unit, held, f"reminder.{sheet.level}", "权限复核即将到期", "The review is nearly due")


def tell_raised(act: Act, campaign: CampaignRow, sheet: SheetRow, unit: UnitRow) -> None:
    """To the office that was just added; the first keeps the right to answer."""
    added = bench_of(act, unit).levels[min(sheet.level, TOP)]
    _tell(act, campaign, sheet, unit, added, f"raised.{sheet.level}", "权限复核逾期未答复", "A review was not answered")


def _tell(
    act: Act, campaign: CampaignRow, sheet: SheetRow, unit: UnitRow, people: Iterable[PersonRow], what: str,
    zh: str, en: str,
) -> None:  # fmt: skip
    due = local_day(campaign.listed_at if sheet.level else campaign.due_at)
    for person in {person.id: person for person in people if person.mail}.values():
        outbox.enqueue(
            act,
            "mail",
            key=f"review.{what}:{sheet.id}:{person.id}",
            lane="mail",
            payload={
                "to": person.mail,
                "subject": f"{zh} {campaign.number}",
                "text": f"{zh}：{unit.name}，编号 {campaign.number}，截止 {due:%Y-%m-%d}。未答复不会收回任何权限。\n"
                f"{en}: {campaign.number}, until {due:%Y-%m-%d}. Silence withdraws nothing.",
            },
        )
