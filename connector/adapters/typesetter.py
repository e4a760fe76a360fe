"""The real typesetter: Typst with the fonts of one folder, no network, no system fonts, the same bytes each time.

For any room: a boundary (route, page, command) takes `connector.typesetter` and calls

    typesetter.pdf("listing", {
        "title": "账号台账", "annex": "附件1",          # annex, above, below, notes, foot, landscape, size are optional
        "above": ["单位：…"], "landscape": True, "size": 9,
        "columns": [{"title": "序号", "width": 12, "right": True}, {"title": "使用人", "width": 0}],  # mm; 0 shares
        "rows": [["1", "张三"]],                         # every cell is text; "\\n" breaks a line
        "below": ["…"], "notes": ["…"], "foot": "…",
    }, at=act.now)

"form" draws one table of boxes; its cells are made by `connector.papers.boxes`. A boundary below the pages may also
hand the typesetter down as an argument of the type `ports.Typesetter`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import typst

from connector.ports import FontsMissingError, GlyphMissingError

TEMPLATES: Final = Path(__file__).parent / "typst"
NAMES: Final = frozenset({"form", "listing"})
FAMILIES: Final = ("Noto Serif CJK SC", "Noto Sans CJK SC")
STANDARDS: Final[list[Any]] = ["a-2a", "ua-1"]  # an archive's file that a screen reader can read
# What Typst says of a text that cannot be drawn, or that no archive's file may hold. The text stands as in its code.
UNDRAWN = re.compile(r'the text (?:contains the disallowed codepoint )?`"(.+?)"`')
ESCAPE = re.compile(r"\\u\{([0-9a-f]{1,6})\}")


class TypstTypesetter:
    """Keeps the fonts of `font_dir` once read (73 MB of files); each call has a compiler of its own.

    Threads may share it: two threads in one compiler would fail.
    """

    def __init__(self, font_dir: Path) -> None:
        self._font_dir = font_dir

    def pdf(self, template: str, data: Mapping[str, Any], *, at: datetime) -> bytes:
        """See `ports.Typesetter`."""
        try:
            made = self._compiler(template, data).compile(
                format="pdf", pdf_standards=STANDARDS, timestamp=int(at.timestamp())
            )
        except typst.TypstError as error:
            raise _explained(str(error), data) from error
        return _pages(made)[0]

    def png(self, template: str, data: Mapping[str, Any]) -> list[bytes]:
        """The same pages as pictures, for eyes and tests; characters without a glyph are not found out here."""
        return _pages(self._compiler(template, data).compile(format="png"))

    def _compiler(self, template: str, data: Mapping[str, Any]) -> typst.Compiler:
        if template not in NAMES:
            raise ValueError(f"no template {template}")
        return typst.Compiler(
            str(TEMPLATES / f"{template}.typ"),
            root=str(TEMPLATES),
            font_paths=self._fonts,
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            # No package is ever fetched: a template that named one would fail and not ask the network.
            package_path=str(TEMPLATES),
            package_cache_path=str(TEMPLATES),
        )

    @cached_property
    def _fonts(self) -> Any:
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(self._font_dir)])
        if missing := set(FAMILIES) - set(fonts.families()):
            raise FontsMissingError(part="字体 / fonts", families=", ".join(sorted(missing)))
        return fonts


def _explained(said: str, data: Mapping[str, Any]) -> Exception:
    """The refusal that Typst's message means; the message itself where it means a defect of ours."""
    found = UNDRAWN.search(said)
    if found is None:
        return RuntimeError(said)
    text = ESCAPE.sub(lambda code: chr(int(code[1], 16)), found[1])
    place, character = next(
        ((place, one) for place, value in _texts(data) for one in text if text in value),
        ("", text[:1]),
    )
    return GlyphMissingError(field=place or "--", character=character, code_point=f"U+{ord(character):04X}")


def _pages(made: bytes | list[bytes] | None) -> list[bytes]:
    return made if isinstance(made, list) else [made or b""]


def _texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text of the data with the name of the field it stands in: a cell's `field`, or line and heading."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        named = str(value.get("field", place))
        for key, inner in value.items():
            if key == "rows" and "columns" in value:
                yield from _rows(inner, value["columns"], named)
            elif key != "field":
                yield from _texts(inner, named)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, place)


def _rows(rows: Sequence[Any], columns: Sequence[Any], place: str) -> Iterator[tuple[str, str]]:
    """The cells of a listing by line and heading; those of a form name their field themselves."""
    for line, row in enumerate(rows, 1):
        for number, cell in enumerate(row):
            head = columns[number]["title"] if isinstance(cell, str) else ""
            yield from _texts(cell, f"第{line}行·{head}" if head else place)
