"""Sends the one-time link to the person named. The link stands in the mail alone, never in the database."""

from datetime import timedelta

from connector.auth.actor import job_actor
from connector.outbox.deliver import Handler, OpenAct
from connector.outbox.tables import StepRow
from connector.ports import Mailer
from connector.provisioning.links import make_link
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import AccountStatus

SENDER = job_actor("deliver_outbox")

TEXT = """{name}：

账号 {user_name} 已经批准并开通。请在{hours}小时内打开以下链接，输入本人证件号码后六位，领取初始口令（只显示一次）：

{link}

首次登录时请立即更改口令（字母、数字、符号相结合）。请勿将此邮件转发他人。

Your account {user_name} has been approved. Open the link above within {hours} hours, enter the last six characters of
your document number, and receive your initial password (shown once). You will be asked to change it at once.
"""


class LinkLetters:
    """Handler of "link.issue". A try that fails leaves no usable link: the next try makes a new one."""

    def __init__(self, mailer: Mailer, open_act: OpenAct, *, public_url: str, life: timedelta) -> None:
        self._mailer = mailer
        self._open_act = open_act
        self._public_url = public_url
        self._life = life

    def table(self) -> dict[str, Handler]:
        return {"link.issue": self.issue}

    def issue(self, step: StepRow) -> None:
        """Mails a new link; a person without a mail address gets his from the operator (`trading-idp links issue`)."""
        with self._open_act(SENDER, None) as act:
            account = act.session.get_one(AccountRow, step.account_id)
            person = act.session.get_one(PersonRow, account.person_id)
            if not person.mail or account.status != AccountStatus.ACTIVE:
                return
            link = make_link(act, account, public_url=self._public_url, life=self._life, request_id=step.request_id)
        text = TEXT.format(
            name=person.name, user_name=account.user_name, link=link, hours=int(self._life.total_seconds() // 3600)
        )
        self._mailer.send(
            to=person.mail,
            subject="账号开通通知 / Your account",
            text=text,
            message_id=f"link-{step.id}-{step.attempts}",
        )
