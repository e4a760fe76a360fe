"""Who acts: a person, a job, a webhook endpoint, or the operator of the machine. Reads nothing, decides nothing."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ActorKind(StrEnum):
    PERSON = "person"
    JOB = "job"
    WEBHOOK = "webhook"
    HOST = "host"  # the operating-system user of a command on the server itself


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The one who acts. `name` is a user name, job name, endpoint name or `host:user`; never a personal value."""

    kind: ActorKind
    name: str
    person_id: str | None = None
    account_id: str | None = None
    acr: str | None = None  # authentication level of the token, as Keycloak stated it: "pwd" or "mfa"
    amr: tuple[str, ...] = ()  # methods behind it: pwd, otp, hwk, x509
    authenticated_at: datetime | None = None
    via: str = ""  # api, page, cli, webhook, job


def job_actor(name: str) -> Actor:
    return Actor(kind=ActorKind.JOB, name=f"job:{name}", via="job")


def host_actor(user: str) -> Actor:
    return Actor(kind=ActorKind.HOST, name=f"host:{user}", via="cli")


def person_actor(
    person_id: str,
    user_name: str,
    *,
    account_id: str | None = None,
    via: str = "api",
    acr: str | None = None,
    amr: tuple[str, ...] = (),
    authenticated_at: datetime | None = None,
) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        name=user_name,
        person_id=person_id,
        account_id=account_id,
        via=via,
        acr=acr,
        amr=amr,
        authenticated_at=authenticated_at,
    )
