"""The registration room's front door: what routes, commands, pages and jobs call."""

from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.register import offices
from connector.register.reach import Units, units_in_reach
from connector.register.readers import REQUESTS
from connector.registration.compare import compare_entries
from connector.registration.contact_lists import ChangeView, list_changes, unsigned_changes, view_of
from connector.registration.contacts import (
    ChangeForm,
    SuccessorForm,
    announce_change,
    follow_contacts,
    get_change,
    get_open,
    name_successor,
    withdraw_change,
)
from connector.registration.corrections import (
    CorrectionForm,
    CorrectionView,
    VerdictForm,
    case_of,
    check_verdict,
    checklist,
    send_correction,
    show_correction,
    verify_correction,
)
from connector.registration.handovers import (
    HandoverView,
    ItemForm,
    SignatureForm,
    add_drawn,
    add_item,
    check_may_read,
    draw,
    show,
    sign,
)
from connector.registration.mismatch_lists import CorrectionShown, MismatchView, corrections_of, list_mismatches
from connector.registration.mismatches import MismatchForm, follow_mismatches, get_case, open_mismatch, record_mismatch
from connector.regulations.vocabulary import Office

WHOLE = (*REQUESTS, Office.VERIFIER)

__all__ = [
    "WHOLE",
    "ChangeForm",
    "ChangeView",
    "CorrectionForm",
    "CorrectionShown",
    "CorrectionView",
    "HandoverView",
    "ItemForm",
    "MismatchForm",
    "MismatchView",
    "SignatureForm",
    "SuccessorForm",
    "VerdictForm",
    "add_drawn",
    "add_item",
    "announce_change",
    "case_of",
    "check_may_read",
    "check_verdict",
    "checklist",
    "compare_entries",
    "corrections_of",
    "draw",
    "follow_contacts",
    "follow_mismatches",
    "get_case",
    "get_change",
    "get_open",
    "list_changes",
    "list_mismatches",
    "name_successor",
    "open_mismatch",
    "readable",
    "record_mismatch",
    "send_correction",
    "show",
    "show_correction",
    "show_mismatch",
    "sign",
    "units_of",
    "unsigned_changes",
    "verify_correction",
    "view_of",
    "withdraw_change",
]


def readable(act: Act) -> tuple[Units, str | None]:
    """Whose registrations the actor reads: those of the units that are his to see, and always his own (HH 4)."""
    others = offices.units_where(act, (*WHOLE, Office.UNIT_HEAD))
    return (units_of(act) if others else []), act.actor.person_id


def show_mismatch(act: Act, case_id: str) -> MismatchView:
    """One case, for those who may read it; NotFoundError for everybody else."""
    within, own = readable(act)
    found = list_mismatches(act, open_only=False, within=within, own=own, case_id=case_id)
    if not found:
        raise NotFoundError(kind="信息不符个案 (mismatch case)", name=case_id)
    return found[0]


def units_of(act: Act) -> Units:
    """The units whose registrations the actor may read: all for those who oversee, his own for a unit head (GS 3)."""
    return units_in_reach(act, WHOLE, doing="查看登记个案 / read the registrations")
