"""The applicant's acts on his own request: resubmit after a return, withdraw. Every version stays readable (B7)."""

from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import RefusedInputError
from connector.requests import store
from connector.requests.deadlines import mark_missed
from connector.requests.errors import NotApplicantError, RequestClosedError
from connector.requests.forms import RequestForm, number_problems
from connector.requests.submit import check_form, put_version, record_request
from connector.requests.tables import RequestRow


def resubmit_request(act: Act, request_id: str, form: RequestForm) -> RequestRow:
    """Puts a corrected version of a returned request before its first stage again.

    The clocks stood still while the request was with the applicant: only days with an open stage count (B6).
    """
    request = _own(act, request_id)
    if request.state != "returned" or request.kind != form.kind.value:
        raise RequestClosedError(state=request.state)
    checked = check_form(act, form)
    request.person_id = checked.person.id if checked.person else None
    request.account_id = checked.account.id if checked.account else None
    request.unit_id = checked.unit.id
    request.state = "pending"
    put_version(act, request, checked, Event.REQUEST_RESUBMITTED)
    return request


def withdraw_request(act: Act, request_id: str, reason: str = "") -> RequestRow:
    """Withdraws an open request; RequestClosedError when it has ended."""
    if problems := number_problems("reason", reason):
        raise RefusedInputError(problems, clause="LC 5(5)")
    request = _own(act, request_id)
    if request.state not in store.OPEN_STATES:
        raise RequestClosedError(state=request.state)
    for stage in store.stages_of(act, request):
        mark_missed(act, request, stage)
        if stage.state in ("open", "waiting"):
            stage.state = "dropped"
    request.state, request.closed_at, request.due_at = "withdrawn", act.now, None
    record_request(act, Event.REQUEST_WITHDRAWN, request, reason=reason)
    return request


def _own(act: Act, request_id: str) -> RequestRow:
    """The request, locked; only whoever submitted it may go on: a person his own, a job its proposals."""
    request = store.get_request(act, request_id, lock=True)
    if request.submitted_by != act.actor.name or request.applicant_id != act.actor.person_id:
        raise NotApplicantError
    return request
