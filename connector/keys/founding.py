"""Keys and waivers of a new installation, by paper: before these nobody has a second factor to decide with.

Called once with the founding list, by the operator of the machine; from then on keys are issued by their custodian.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.keys import steps, store
from connector.keys.rules import KeyState
from connector.keys.serials import parse_serial
from connector.keys.tables import HardwareKeyRow, KeyBatchRow
from connector.keys.waivers import write_waiver
from connector.register.accounts import PAPER
from connector.register.founding import FoundingList
from connector.register.offices import end_of_day
from connector.register.tables import AccountRow
from connector.storage.tables import new_id

MODEL = "--"  # The founding list names none: any model will do at the first enrolment.


def take_over(act: Act, founding: FoundingList, accounts: Sequence[AccountRow]) -> None:
    """Keys and waivers of the founding list; `accounts` are those that were opened from it, in its order."""
    serials = founding.holders_of_keys()
    held = [(account, serial) for account, serial in zip(accounts, serials, strict=True) if serial]
    found_keys(act, held, paper=founding.paper)
    if founding.codes_until:
        last = end_of_day(founding.codes_until)
        without = [account for account, serial in zip(accounts, serials, strict=True) if not serial]
        found_waivers(act, without, last, paper=founding.codes_paper)


def found_keys(act: Act, issued: Iterable[tuple[AccountRow, str]], *, paper: str) -> int:
    """Takes over the keys that people hold already: (account, serial number). Each enrols his at the first login.

    Returns how many. `paper` is the number of the signed list, and of the batch (GS 10(1), 16). Raises
    RefusedInputError with every serial number that is none, or stands twice.
    """
    held = _checked(list(issued))
    if not held:
        return 0
    batch = KeyBatchRow(id=new_id(), number=paper, paper=paper, received_at=act.now, received_by=act.actor.name)
    act.session.add(batch)
    act.session.flush()
    for account, serial in held:
        key = HardwareKeyRow(
            id=new_id(),
            serial=serial,
            batch_id=batch.id,
            model=MODEL,
            status=KeyState.IN_STOCK.value,
            issued_at=act.now,
        )
        act.session.add(key)
        act.session.flush()
        store.begin_history(act, [key], paper)
        store.move(act, key, KeyState.ISSUED, account=account, receipt=paper[:64])
        steps.require_enrolment(act, account, steps.ENROL_KEY)
    return len(held)


def found_waivers(act: Act, people: Sequence[AccountRow], until: datetime, *, paper: str) -> int:
    """One-time codes instead of keys for everybody of the list until `until`, as decided from above (GS 10(2)).

    Returns how many.
    """
    for account in people:
        write_waiver(act, account, until, source=f"{PAPER}{paper}")
        steps.update_user(act, account)
        steps.require_enrolment(act, account, steps.ENROL_CODE)
    return len(people)


def _checked(issued: Sequence[tuple[AccountRow, str]]) -> list[tuple[AccountRow, str]]:
    """The serial numbers as they are stored; a key has one holder (GS 10(1))."""
    problems: list[FieldProblem] = []
    held: dict[str, AccountRow] = {}
    for account, text in issued:
        serial = parse_serial(text)
        if serial is None:
            problems.append(FieldProblem("key", f"不是密钥序列号：{text}", f"is no serial number: {text}", "GS 10(1)"))
        elif serial in held:
            problems.append(FieldProblem("key", f"密钥{serial}有两名使用人", f"{serial} has two holders", "GS 10(1)"))
        else:
            held[serial] = account
    if problems:
        raise RefusedInputError(problems, clause="GS 10(1)")
    return [(account, serial) for serial, account in held.items()]
