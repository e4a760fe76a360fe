"""The next user name of a unit by the coding rule. Opens no account."""

from sqlalchemy import select

from connector.auth.act import Act
from connector.register import units
from connector.register.errors import UserNamesExhaustedError
from connector.register.tables import AccountRow, UnitRow


def next_user_name(act: Act, unit: UnitRow) -> str:
    """Takes the next serial of the unit, whose row the caller has locked (GS 10(1)).

    The serial only grows, so that a name is never given twice. Raises UserNamesExhaustedError (409).
    """
    rule = act.rulebook.user_name()
    region = units.region_code(act, unit)
    while True:
        unit.user_serial += 1
        serial = str(unit.user_serial).zfill(rule.serial_digits)
        if len(serial) > rule.serial_digits:
            raise UserNamesExhaustedError(unit=unit.code)
        name = rule.pattern.format(region=region, unit=unit.code, serial=serial).lower()
        if act.session.scalar(select(AccountRow.id).where(AccountRow.user_name == name)) is None:
            return name
