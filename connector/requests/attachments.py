"""Stamped scans of a request: who may attach one, and what that does to the content decisions bind to (B9, B12)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from connector.auth.act import Act
from connector.auth.actor import Actor
from connector.errors import NotSignedInError
from connector.register import separated
from connector.requests import show, store
from connector.requests.content import content_digest
from connector.requests.errors import RequestClosedError
from connector.requests.in_place import check_capacity
from connector.requests.tables import RequestRow, StageRow
from connector.scans import service as scans
from connector.scans.tables import ScanRow


class ScanDesk(Protocol):
    """The part of the composition root that takes a scan in."""

    @property
    def scan_intake(self) -> scans.ScanIntake: ...

    @property
    def act(self) -> Callable[..., AbstractContextManager[Act]]: ...


def receive_scan(desk: ScanDesk, actor: Actor, number: str, content: bytes) -> ScanRow:
    """Attaches a file to a request, as this person (LC 6(1), 7). Called by route, page and command.

    Who may not attach learns so before the file is looked at; the virus scanner is asked outside any transaction.
    Raises NotFoundError, RequestClosedError, what `check_may_decide` raises, and every ScanRefusedError.
    """
    with desk.act(actor, reading=True) as act:
        separated.check_may_change(act)
        _place(act, store.get_request(act, number))
    admitted = desk.scan_intake.admit(content)
    with desk.act(actor) as act:
        return attach_scan(act, number, admitted)


def attach_scan(act: Act, number: str, scan: scans.AdmittedScan) -> ScanRow:
    """Adds the scan to what is shown: whoever read the request before must read it again (B12).

    The applicant attaches while the request is open, to the version that is decided or is to be submitted next; whoever
    may decide the open stage attaches there.
    """
    request = store.get_request(act, number, lock=True)
    stage = _place(act, request)
    version = request.version + (1 if request.state == "returned" else 0)
    row = scans.record_scan(act, scan, request_id=request.id, version=version, stage_id=stage.id if stage else None)
    if version == request.version:
        request.digest = content_digest(
            version=request.version,
            form=request.form,
            person_id=request.person_id,
            account_id=request.account_id,
            stages=store.stages_of(act, request),
            scans=scans.hashes_of(act, request.id, version),
        )
    return row


def list_scans(act: Act, number: str) -> list[ScanRow]:
    """The scans of every version, for those who may see the request; NotFoundError for everybody else."""
    return scans.list_of(act, _seen(act, number).id)


def get_scan(act: Act, number: str, sha256: str) -> ScanRow:
    """One scan of the request, for those who may see the request; NotFoundError for everybody else."""
    return scans.get_scan(act, _seen(act, number).id, sha256)


def may_attach(act: Act, request: RequestRow) -> bool:
    """Whether the box is drawn; `attach_scan` asks again."""
    if request.state not in store.OPEN_STATES or act.actor.person_id is None:
        return False
    mine = {row.id for _, row in store.list_inbox(act, act.actor.person_id)}
    return act.actor.person_id == request.applicant_id or request.id in mine


def _seen(act: Act, number: str) -> RequestRow:
    request = store.get_request(act, number)
    show.check_may_see(act, request, store.stages_of(act, request))
    return request


def _place(act: Act, request: RequestRow) -> StageRow | None:
    """The stage a scan belongs to; none for the applicant's own. Raises for everybody who may attach none."""
    if act.actor.person_id is None:
        raise NotSignedInError
    stages = store.stages_of(act, request)
    show.check_may_see(act, request, stages)
    if request.state not in store.OPEN_STATES:
        raise RequestClosedError(state=request.state)
    if act.actor.person_id == request.applicant_id:
        return None
    stage = next((one for one in stages if one.state == "open"), None)
    if stage is None:
        raise RequestClosedError(state=request.state)
    check_capacity(act, request, stage, act.actor.person_id, request.digest)
    return stage
