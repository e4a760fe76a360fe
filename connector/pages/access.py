"""What a route of a page asks for: the act of the signed-in person, and a form that his own session made.

An act that writes always checks the form's token, whether the route reads the form or not; so no route can forget it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from connector.auth.act import Act
from connector.errors import FieldProblem, RefusedInputError
from connector.http import CONTROL_IN_TEXT
from connector.pages.errors import PageExpiredError, SignInNeededError
from connector.pages.visitor import Visitor, find_visitor, get_desk

CSRF_FIELD = "csrf"
READING = ("GET", "HEAD")
MOST_FIELDS = 2000


@dataclass(frozen=True)
class Form(Mapping[str, list[str]]):
    """A form as it was sent: every field a list of texts, line ends as `\\n`. `files` maps a field to (name, bytes)."""

    fields: Mapping[str, list[str]] = field(default_factory=dict)
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> list[str]:
        return self.fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def one(self, name: str) -> str:
        """The first value of a field without the spaces around it; "" when it was not sent."""
        return next(iter(self.fields.get(name, ())), "").strip()


async def read_form(request: Request) -> Form:
    """The form of a POST; an empty one for other methods. RefusedInputError for characters no field may hold."""
    if request.method in READING:
        return Form()
    sent = await request.form(max_fields=MOST_FIELDS)
    form = Form(_texts(sent), {name: await _file(item) for name, item in sent.items() if isinstance(item, UploadFile)})
    request.state.entries = {name: values for name, values in form.items() if name != CSRF_FIELD}
    wrong = [name for name, values in form.items() if any(CONTROL_IN_TEXT.search(text) for text in (name, *values))]
    if wrong:
        raise RefusedInputError([FieldProblem("body", "含有控制字符", "holds control characters")])
    return form


def get_visitor(request: Request) -> Visitor:
    """The signed-in person; SignInNeededError (a page: 303 to the sign-in) without a living session."""
    visitor = find_visitor(request)
    if visitor is None:
        raise SignInNeededError
    return visitor


def get_own_form(
    request: Request,
    form: Annotated[Form, Depends(read_form)],
    visitor: Annotated[Visitor, Depends(get_visitor)],
) -> Form:
    """The form, when this session made it; PageExpiredError otherwise. Another site's form is refused as well."""
    if request.method not in READING:
        same_site = request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
        if not same_site or not visitor.is_own_form(form.get(CSRF_FIELD, [])):
            raise PageExpiredError
    return form


def get_page_act(
    request: Request,
    _form: Annotated[Form, Depends(get_own_form)],  # Before the visitor: what was typed is shown to him who came late.
    visitor: Annotated[Visitor, Depends(get_visitor)],
) -> Iterator[Act]:
    """One act of the visitor: committed before the answer is sent."""
    is_read = request.method in READING
    with get_desk(request).act(visitor.actor, reading=is_read, changing=not is_read) as act:
        yield act


VisitorDep = Annotated[Visitor, Depends(get_visitor)]
PageActDep = Annotated[Act, Depends(get_page_act, scope="function")]
FormDep = Annotated[Form, Depends(get_own_form)]


def _texts(sent: FormData) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for name, value in sent.multi_items():
        if isinstance(value, str):
            texts.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\r", "\n"))
    return texts


async def _file(sent: UploadFile) -> tuple[str, bytes]:
    """Name and content; what lay in a temporary file is gone at once and not when somebody collects it."""
    try:
        return sent.filename or "", await sent.read()
    finally:
        await sent.close()
