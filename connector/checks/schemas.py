"""Shapes of the scans in the API: user names, counts and evidence; no number of a document, no phone."""

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from connector.checks.report import Outcome, Report
from connector.checks.views import ScanView


class ScanListed(BaseModel):
    """One run of a scan."""

    model_config = ConfigDict(from_attributes=True)

    scan_id: str
    scan: str = Field(description="dormant, passwords, weak_password, test_account, orphaned, expired")
    clause: str
    at: datetime
    rule: dict[str, Any] = Field(description="the rule of this run, with every number in it")
    counted: int
    found: int
    unknown: int = Field(description="accounts of which nothing can be said")
    proposed: int
    left: int = Field(description="found and not proposed yet: a proposal has a limit")
    request: str | None = Field(description="number of the proposal")
    request_state: str | None


class LineShown(BaseModel):
    """One account of a run and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    user_name: str
    evidence: dict[str, Any]
    outcome: Outcome
    at: datetime | None = Field(description="moment of the outcome; null while it awaits the decision")
    verified_at: datetime | None = Field(description="when Keycloak was read back: disabled, no session left")


class ScanShown(ScanListed):
    """One run with its accounts, and the report after the decision."""

    decided_at: datetime | None
    outcomes: dict[Outcome, int]
    verified: int
    accounts: list[LineShown]

    @classmethod
    def of(cls, scan: ScanView, report: Report) -> Self:
        return cls(
            **ScanListed.model_validate(scan).model_dump(),
            decided_at=report.decided_at,
            outcomes=dict(report.counts),
            verified=report.verified,
            accounts=[LineShown.model_validate(line) for line in report.lines],
        )
