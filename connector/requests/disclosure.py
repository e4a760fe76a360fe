"""The full numbers of a new registration, for whoever verifies it and as long as he does: he compares them (HH 4).

Each reading is recorded with the request (J5; LC 5(5), HH 3). Everybody else sees masked numbers alone.
"""

from connector.auth.act import Act
from connector.errors import NotSignedInError
from connector.register import people
from connector.register.people import Revealed
from connector.requests import store
from connector.requests.errors import NotUnderVerificationError
from connector.requests.in_place import check_capacity
from connector.requests.verification import checklist_of


def show_numbers(act: Act, request_id: str) -> Revealed:
    """Document and phone of the person in full, for the office that has to compare them now (HH 4; J5).

    Only while the verifier's stage of a new registration is open, and only for those who may decide that stage:
    NotUnderVerificationError, WrongOfficeError, SelfApprovalError, SecondPartError, NotFoundError.
    """
    if act.actor.person_id is None:
        raise NotSignedInError
    request = store.get_request(act, request_id)
    stage = next((each for each in store.stages_of(act, request) if each.state == "open"), None)
    if stage is None or request.person_id is None or not checklist_of(act, request, stage):
        raise NotUnderVerificationError
    check_capacity(act, request, stage, act.actor.person_id, request.digest)
    person = people.get_person(act, request.person_id)
    return people.disclose(act, person, reason=f"verification:{request.number}", request_id=request.id)
