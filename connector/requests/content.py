"""What a request says, in the form that is stored and that decisions bind to. Holds no personal value."""

import hashlib
import json
from collections.abc import Collection
from typing import Any

from connector.requests.forms import RequestForm
from connector.requests.tables import StageRow


def stored_form(form: RequestForm) -> dict[str, Any]:
    """The form without the person's data: those stand sealed in the register, the request names the person's id."""
    return form.model_dump(mode="json", exclude={"person"})


def content_digest(
    *,
    version: int,
    form: dict[str, Any],
    person_id: str | None,
    account_id: str | None,
    stages: Collection[StageRow],
    scans: Collection[str] = (),
) -> str:
    """SHA-256 (hex) over everything a decider is shown. A decision names it, so it binds to this content (B12).

    `scans` are the SHA-256 of the attached papers (B9); without any, the content is what it was before there were some.
    """
    content: dict[str, Any] = {
        "version": version,
        "form": form,
        "person_id": person_id,
        "account_id": account_id,
        "stages": [[stage.position, stage.office, stage.unit_id, stage.clause] for stage in stages],
    }
    if scans:
        content["scans"] = sorted(scans)
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
