"""Which offices may read what: each list stands here once, with its clause. Holds nothing but the lists."""

from connector.regulations.vocabulary import Office

# They answer for every account of the centre; the auditor reads all and changes nothing (JC 8(2), JC 15, GS 9, GS 16).
OVERSEERS = (
    Office.SYSTEM_DEPARTMENT_HEAD,
    Office.SECURITY_ADMINISTRATOR,
    Office.AUDITOR,
    Office.PRINCIPAL,
)

LEDGER = OVERSEERS  # every account and every person; a unit head reads his own unit's (JC 8(2), JC 15, GX 10, GS 16)
APPOINTMENTS = OVERSEERS  # who holds which office (JC 8, GS 9)
FINDINGS = (*OVERSEERS, Office.LEADER_IN_CHARGE)  # changes that no request explains (JC 8, GS 16)
REQUESTS = (*OVERSEERS, Office.OPERATOR)  # every request and what is overdue (LC 7(1), GS 16)
SCANS = REQUESTS  # what the scans found (LC 7(2), JC 15)
KEYS = (*REQUESTS, Office.KEY_CUSTODIAN)  # the inventory of hardware keys (GS 10, GS 16)
DEPARTURES = (*REQUESTS, Office.LEADER_IN_CHARGE)  # leavers, movers and what they leave open (JC 14, LC 7(2))
ROTATIONS = (*DEPARTURES, Office.SYSTEM_ADMINISTRATOR)  # what leaving administrators knew (JC 22)
REVIEWS = (*OVERSEERS, Office.LEADER_IN_CHARGE)  # access reviews, self-checks, inspections, filings (JC 9, 19, GS 17)
JOBS = (*DEPARTURES, Office.SYSTEM_ADMINISTRATOR)  # the scheduled jobs and their delays (JC 15)
RECONCILIATIONS = (*DEPARTURES, Office.SYSTEM_ADMINISTRATOR)  # the register compared with Keycloak (JC 8(2), GS 16)
ENDPOINTS = (  # where decisions come from and where security events go (GX 11)
    Office.SECURITY_ADMINISTRATOR,
    Office.SYSTEM_ADMINISTRATOR,
    Office.AUDITOR,
)
PRIVILEGED = OVERSEERS  # who used which privileged permissions, and what was done (JC 18)
CONFLICTS = (*OVERSEERS, Office.LEADER_IN_CHARGE)  # projects, conflicts of duty and exceptions (HH 3, JC 7)
RECORD = (Office.AUDITOR, Office.SECURITY_ADMINISTRATOR)  # the record of everything (GS 16)
