"""Paper as this product needs it: a template filled with data becomes a PDF. Types and refusals only."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from connector.errors import ConnectorError, Text, UnavailableError


class Typesetter(Protocol):
    """Sets printed pages. `connector.typesetter` is the real one; routes ask for it by `http.TypesetterDep`."""

    def pdf(self, template: str, data: Mapping[str, Any], *, at: datetime) -> bytes:
        """A4 PDF/A of the template ("form" or "listing") filled with `data`, dated `at`; the same bytes each time.

        `data` is only ever shown as text: nothing in it is interpreted. Raises GlyphMissingError, FontsMissingError.
        """


class GlyphMissingError(ConnectorError):
    """A character has no picture in the fonts: the paper is refused, never printed with an empty box."""

    code = "glyph-missing"
    status = 422
    clause = "LC 6(1)"
    says = Text(
        "“{field}”中的字符“{character}”（{code_point}）在字体中没有字形，未生成文件",
        "The fonts cannot draw {character} ({code_point}) in “{field}”; no file was made",
    )
    remedy = Text(
        "请核对此字；确为生僻字的，请安装含有此字的字体并设置字体目录",
        "Check the character; if it is right, install a font that has it into the font folder",
    )
    who = Text("信息技术科", "the information technology department")


class FontsMissingError(UnavailableError):
    """The font folder has no font that the forms are set in."""

    code = "fonts-missing"
    clause = "LC 6(1)"
    says = Text("字体目录中没有所需字体：{families}", "The font folder lacks: {families}")
    remedy = Text(
        "请安装 fonts-noto-cjk，或将 TRADING_IDP_FONT_DIR 设为字体所在目录",
        "Install fonts-noto-cjk, or set TRADING_IDP_FONT_DIR to the folder of the fonts",
    )
