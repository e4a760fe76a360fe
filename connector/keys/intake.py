"""Takes a delivery of keys into the inventory: every row is checked, all wrong ones are named, nothing half-applied."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.keys import serials, store
from connector.keys.rules import KeyState
from connector.keys.sheets import SheetRow, read_sheet
from connector.keys.tables import HardwareKeyRow, KeyBatchRow
from connector.register import confine
from connector.register.workbooks import FORMULA
from connector.storage.tables import new_id

CLAUSE = "GS 16"
UNIQUE = ("serial", "cert_serial", "key_id")
MOST_PROBLEMS = 200  # shown at once
WORDS = {
    "serial": ("序列号格式不正确", "not a serial number: letters, digits, point, hyphen; at most 64"),
    "model": ("请填写型号（64字以内）", "give the model, at most 64 characters"),
    "aaguid": ("AAGUID 格式不正确或全为零", "not an AAGUID, or all zero"),
    "cert_serial": ("证书序列号应为十六进制", "the certificate's serial number is hexadecimal"),
    "key_id": ("凭据标识应为 base64url", "the credentialId is base64url"),
}


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What the whole delivery has in common: the paper's number and the supplier; `batch` where rows name none."""

    paper: str
    supplier: str = ""
    batch: str = ""


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """How many keys were taken in, by batch, and the serial number of each row."""

    added: int
    batches: dict[str, int]
    serials: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Key:
    line: int
    serial: str
    model: str
    batch: str
    aaguid: str | None
    cert_serial: str | None
    key_id: str | None


def import_batch(act: Act, rows: Path | Iterable[SheetRow], delivery: Delivery) -> ImportReport:
    """Takes keys into stock (GS 10(1), 16). `rows` is a .csv or .xlsx file, or rows already read.

    Done by a key custodian. Raises RefusedInputError with one problem per wrong cell ("3.serial" is the serial in
    line 3), also for numbers that stand twice in the file or are in the inventory already; then nothing is stored.
    """
    store.check_custodian(act, "登记密钥入库 / take keys into stock")
    confine.lift(act)  # A number stands for one key, and one batch, in the whole installation.
    read = read_sheet(rows) if isinstance(rows, Path) else list(rows)
    problems = _delivery_problems(delivery, read)
    keys: list[_Key] = []
    for row in read:
        found, wrong = _parse(row, delivery)
        problems += wrong
        keys += [found] if found else []
    problems += _twice(keys) + _known(act, keys)
    if problems:
        raise RefusedInputError(problems[:MOST_PROBLEMS], clause=CLAUSE)
    return _store(act, keys, delivery)


def _delivery_problems(delivery: Delivery, rows: Sequence[SheetRow]) -> list[FieldProblem]:
    problems = []
    if not 0 < len(delivery.paper.strip()) <= 128:
        problems.append(FieldProblem("paper", "请填写入库单号", "give the number of the delivery paper", CLAUSE))
    if len(delivery.supplier) > 128:
        problems.append(FieldProblem("supplier", "不超过128字", "at most 128 characters", CLAUSE))
    if not rows:
        problems.append(FieldProblem("rows", "没有数据行", "there is no row", CLAUSE))
    return problems


def _parse(row: SheetRow, delivery: Delivery) -> tuple[_Key | None, list[FieldProblem]]:
    cells = {name: row.cells.get(name, "") for name in WORDS}
    wrong = [_formula(row.line, name) for name, cell in row.cells.items() if cell == FORMULA]
    if wrong:
        return None, wrong
    parsed = {
        "serial": serials.parse_serial(cells["serial"]),
        "model": serials.parse_model(cells["model"]),
        "aaguid": serials.parse_aaguid(cells["aaguid"]),
        "cert_serial": serials.parse_certificate_serial(cells["cert_serial"]),
        "key_id": serials.parse_key_id(cells["key_id"]),
    }
    needed = ("serial", "model")
    wrong = [
        _problem(row.line, name) for name, value in parsed.items() if value is None and (cells[name] or name in needed)
    ]
    batch = serials.plain(row.cells.get("batch", "")) or delivery.batch.strip()
    if not 0 < len(batch) <= 64 or FORMULA in batch:
        wrong.append(FieldProblem(f"{row.line}.batch", "请填写批次（64字以内）", "give the batch, at most 64", CLAUSE))
    if not cells["aaguid"] and not cells["cert_serial"]:
        words = "请填写 AAGUID 或证书序列号", "give the AAGUID or the certificate's serial number"
        wrong.append(FieldProblem(f"{row.line}.aaguid", *words, CLAUSE))
    serial, model = parsed["serial"], parsed["model"]
    if wrong or serial is None or model is None:
        return None, wrong
    return _Key(
        line=row.line, serial=serial, model=model, batch=batch,
        aaguid=parsed["aaguid"], cert_serial=parsed["cert_serial"], key_id=parsed["key_id"],
    ), []  # fmt: skip


def _problem(line: int, column: str) -> FieldProblem:
    return FieldProblem(f"{line}.{column}", *WORDS[column], CLAUSE)


def _formula(line: int, column: str) -> FieldProblem:
    words = "单元格是公式或数值，请改为文本", "the cell is a formula or a number; make it text"
    return FieldProblem(f"{line}.{column}", *words, CLAUSE)


def _twice(keys: Sequence[_Key]) -> list[FieldProblem]:
    problems = []
    for column in UNIQUE:
        counted = Counter(getattr(key, column) for key in keys if getattr(key, column))
        problems += [
            FieldProblem(f"{key.line}.{column}", "文件中重复", "stands twice in the file", CLAUSE)
            for key in keys
            if counted[getattr(key, column)] > 1
        ]
    return problems


def _known(act: Act, keys: Sequence[_Key]) -> list[FieldProblem]:
    problems = []
    for column in UNIQUE:
        wanted = {getattr(key, column): key.line for key in keys if getattr(key, column)}
        stored = getattr(HardwareKeyRow, column)
        for value in act.session.scalars(select(stored).where(stored.in_(wanted))):
            words = "已在密钥台账中", "is in the inventory already"
            problems.append(FieldProblem(f"{wanted[value]}.{column}", *words, CLAUSE))
    return problems


def _store(act: Act, keys: Sequence[_Key], delivery: Delivery) -> ImportReport:
    batches = {name: _batch(act, name, delivery) for name in dict.fromkeys(key.batch for key in keys)}
    rows = [
        HardwareKeyRow(
            id=new_id(), serial=key.serial, batch_id=batches[key.batch].id, model=key.model, aaguid=key.aaguid,
            cert_serial=key.cert_serial, key_id=key.key_id, status=KeyState.IN_STOCK.value,
            custodian_id=act.actor.person_id,
        )
        for key in keys
    ]  # fmt: skip
    act.session.add_all(rows)
    act.session.flush()
    store.begin_history(act, rows, delivery.paper.strip()[:64])
    counted = Counter(key.batch for key in keys)
    for name, number in counted.items():
        audit.record(
            act, Event.KEY_BATCH_RECEIVED, f"key-batch:{name}", keys=number, paper=delivery.paper.strip(),
            supplier=delivery.supplier.strip(),
        )  # fmt: skip
    return ImportReport(added=len(rows), batches=dict(counted), serials=tuple(key.serial for key in keys))


def _batch(act: Act, number: str, delivery: Delivery) -> KeyBatchRow:
    """The batch of this number; a later delivery of the same batch joins it."""
    found = act.session.scalar(select(KeyBatchRow).where(KeyBatchRow.number == number))
    if found is None:
        found = KeyBatchRow(
            id=new_id(), number=number, paper=delivery.paper.strip(), supplier=delivery.supplier.strip(),
            received_at=act.now, received_by=act.actor.name,
        )  # fmt: skip
        act.session.add(found)
        act.session.flush()
    return found
