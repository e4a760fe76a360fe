"""A page that does nothing but ask for a second factor anew: what a decision does, without its rules."""

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response

from connector.auth.act import Act
from connector.errors import ConflictError
from connector.pages.access import FormDep, PageActDep
from connector.pages.frame import render, see_other
from connector.pages.step_up import ask_step_up, handles, kept_entries

PATH = "/pages/practice"
PURPOSE = "practice"

router = APIRouter(tags=["pages"], include_in_schema=False)
done: list[tuple[Act, dict[str, Any]]] = []


@router.get(PATH)
def show(request: Request, act: PageActDep) -> Response:
    kept = kept_entries(request, act, purpose=PURPOSE, back=PATH) or {}
    return render(request, "home.html", title=f"练习：{kept.get('word', '')}", waiting=0)


@router.post(PATH)
def ask(request: Request, act: PageActDep, form: FormDep) -> Response:
    return ask_step_up(request, act, purpose=PURPOSE, payload={"word": form.one("word")}, back=PATH)


@handles(PURPOSE, "未完成验证，练习未提交。")
def carry_out(request: Request, act: Act, payload: dict[str, Any]) -> Response:
    if payload["word"] == "refuse":
        raise ConflictError
    done.append((act, payload))
    return see_other(request, PATH, banner="练习已提交。")


def add_practice(app: FastAPI) -> None:
    """Puts the page into the application."""
    done.clear()
    app.include_router(router)
