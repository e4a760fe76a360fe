"""Makes the files of a filing and reads them again: JSON, a spreadsheet, a manifest with hashes. Same rows, same bytes.

Every cell of the spreadsheet is text: a name that begins with "=" must not become a formula on somebody's desk.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from xlsxwriter import Workbook

from connector.reviews.periods import Period
from connector.reviews.snapshot import Difference, Line, Snapshot

FORMAT = "trading-idp filing 1"
MANIFEST, SIGNATURE = "manifest.json", "filing.note"
EPOCH = (1980, 1, 1, 0, 0, 0)  # The moment of every entry, so that the archive depends on its contents alone.
BOOK = "filing.xlsx"
TITLES: Mapping[str, str] = {
    "accounts": "账号", "permissions": "权限", "matrix": "账号权限对照表", "cleanup": "信息系统账号清理清单",
    "accounts_added": "新增账号", "accounts_removed": "减少账号", "accounts_changed": "变更账号",
    "permissions_added": "新增权限", "permissions_removed": "减少权限",
}  # fmt: skip
HEADINGS: Mapping[str, str] = {
    "user_name": "用户名", "person": "使用人", "document": "证件号码（已遮盖）", "unit_code": "单位代码",
    "unit": "科室（单位）",
    "post": "岗位", "account_class": "账号类型", "status": "状态", "status_since": "状态起始时间", "purpose": "用途",
    "opened_at": "开通时间", "opened_by": "开通依据", "permission": "权限编号", "system": "系统名称", "module": "模块",
    "workflow_role": "工作流角色", "sensitive": "敏感", "since": "授予时间", "granted_by": "授予依据",
    "version": "版本",
    "adopted_by": "备案依据", "what": "变更项", "before": "上季度", "now": "本季度",
}  # fmt: skip
WORDS = {True: "是", False: "否", None: ""}


def make_files(now: Snapshot, changed: Difference) -> dict[str, bytes]:
    """The files by name, without the manifest."""
    parts: dict[str, Sequence[Line]] = {**now._asdict(), **changed._asdict()}
    files = {f"{name}.json": to_json(list(rows)) for name, rows in parts.items()}
    return {**files, BOOK: _workbook(parts)}


def make_manifest(files: Mapping[str, bytes], period: Period, facts: Mapping[str, Any]) -> bytes:
    """What the package holds: period, its last moment, and the SHA-256 of every file."""
    return to_json(
        {
            "format": FORMAT,
            "period": period.label,
            "begins": period.start.isoformat(),
            "ends_before": period.end.isoformat(),
            "files": [
                {"name": name, "bytes": len(files[name]), "sha256": sha256(files[name]).hexdigest()}
                for name in sorted(files)
            ],
            **facts,
        }
    )


def pack(files: Mapping[str, bytes]) -> bytes:
    """A ZIP archive of the files, sorted by name."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            archive.writestr(entry, files[name])
    return made.getvalue()


def unpack(archive: bytes) -> dict[str, bytes]:
    """The files of an archive by name. Raises zipfile.BadZipFile."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def rows_of(files: Mapping[str, bytes], name: str) -> list[dict[str, Any]]:
    """The rows of one JSON file of a package."""
    rows: list[dict[str, Any]] = json.loads(files[f"{name}.json"])
    return rows


def to_json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def _workbook(parts: Mapping[str, Sequence[Line]]) -> bytes:
    made = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = Workbook(made, options)
    book.set_properties({"created": datetime(*EPOCH)})  # noqa: DTZ001  # The file format has no zone.
    bold = book.add_format({"bold": True, "text_wrap": True})
    for name, rows in parts.items():
        sheet = book.add_worksheet(TITLES[name])
        sheet.write_string(0, 0, TITLES[name], bold)
        columns = list(rows[0]) if rows else []
        sheet.set_column(0, max(len(columns) - 1, 0), 20)
        for column, key in enumerate(columns):
            sheet.write_string(1, column, HEADINGS.get(key, key), bold)
        for number, row in enumerate(rows, 2):
            for column, key in enumerate(columns):
                sheet.write_string(number, column, _text(row[key]))
        sheet.freeze_panes(2, 0)
    book.close()
    return made.getvalue()


def _text(value: Any) -> str:
    return WORDS[value] if value is None or isinstance(value, bool) else str(value)
