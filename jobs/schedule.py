"""The one table of jobs: name, when, which function, and what it does. Times of day are those of Asia/Shanghai."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from connector.bootstrap import Connector
from connector.errors import Text
from jobs import (
    carry_reviews,
    check_calendar,
    check_matrix,
    check_provenance,
    deliver_outbox,
    end_expired,
    end_suspensions,
    find_vacancies,
    follow_registration,
    ingest_events,
    mail_alarms,
    make_partitions,
    probe_service_account,
    reconcile_accounts,
    reconcile_keys,
    remind_deadlines,
    scan_conflicts,
    scan_dormant,
    scan_orphans,
    scan_passwords,
    scan_test_accounts,
    scan_weak_passwords,
    seal_record,
    settle_freezes,
    sync_departures,
    take_baseline,
    tell_duties,
    tidy_runs,
    turn_boxes,
    verify_record,
    verify_scans,
    watch_directory,
)
from jobs.timing import Daily, Every, When


@dataclass(frozen=True, kw_only=True)
class Job:
    """One line of the table. `run(connector, now)` returns a summary for the history.

    A job that is not `exclusive` guards itself (the leases of the outbox) and runs in every process at once. One that
    is `once` writes in a single transaction, and the end of the run is stored in the same: no slot is done twice, not
    even when its holder dies in between. The others may be repeated, and find done what is done.
    Of slots missed only the newest is run: each job does what is due at that moment, whenever it was last here. A job
    whose every slot is a piece of work of its own says `every_slot`, and is given the slot in the place of `now`; none
    does today.
    """

    name: str
    when: When
    run: Callable[[Connector, datetime], dict[str, Any]]
    does: Text
    exclusive: bool = True
    once: bool = False
    every_slot: bool = False


SCHEDULE: tuple[Job, ...] = (
    Job(
        name="deliver_outbox",
        when=Every(timedelta(seconds=2)),
        run=deliver_outbox.run,
        does=Text("执行待办步骤：开通、冻结、邮件、回调", "runs due steps: provisioning, freezes, mails, webhooks"),
        exclusive=False,
    ),
    Job(
        name="seal_record",
        when=Every(timedelta(seconds=10)),
        run=seal_record.run,
        does=Text("封存审计记录并签署检查点", "seals new entries of the record and signs a checkpoint"),
    ),
    Job(
        name="ingest_events",
        when=Every(timedelta(seconds=15)),
        run=ingest_events.run,
        does=Text("读取 Keycloak 登录和管理事件", "reads Keycloak's login and admin events into the mirror"),
    ),
    Job(
        name="check_provenance",
        when=Every(timedelta(seconds=15), after=timedelta(seconds=7)),
        run=check_provenance.run,
        does=Text("核查 Keycloak 更改的来源", "finds changes in Keycloak that no approved request explains"),
    ),
    Job(
        name="take_baseline",
        when=Every(timedelta(minutes=10), after=timedelta(minutes=3)),
        run=take_baseline.run,
        does=Text("查询早于事件记录的口令和第二因素", "asks once for credentials that are older than the mirror"),
    ),
    Job(
        name="remind_deadlines",
        when=Every(timedelta(minutes=10), after=timedelta(minutes=1)),
        run=remind_deadlines.run,
        does=Text(
            "审批到期提醒，逾期增加候补审批人，结束代理", "reminds of due stages, adds alternates, ends deputies"
        ),
        once=True,
    ),
    Job(
        name="follow_registration",
        when=Every(timedelta(hours=1), after=timedelta(minutes=12)),
        run=follow_registration.run,
        does=Text("推进信息不符个案和人员变更，核对人事目录", "carries untrue data and changes of contact on"),
        once=True,
    ),
    Job(
        name="carry_reviews",
        when=Every(timedelta(minutes=10), after=timedelta(minutes=4)),
        run=carry_reviews.run,
        does=Text("推进权限复核、抽查、整改和备案", "carries reviews, inspections, corrections and filings on"),
        once=True,
    ),
    Job(
        name="mail_alarms",
        when=Every(timedelta(minutes=1), after=timedelta(seconds=40)),
        run=mail_alarms.run,
        does=Text("归并新告警并告知，逾时未确认的升级", "puts alarms together, tells of them, escalates old ones"),
        once=True,
    ),
    Job(
        name="settle_freezes",
        when=Every(timedelta(seconds=10)),
        run=settle_freezes.run,
        does=Text("结清已核实的冻结指令，关闭逾时未确认的", "closes freeze orders proved, or not confirmed in time"),
        once=True,
    ),
    Job(
        name="reconcile_keys",
        when=Every(timedelta(minutes=1), after=timedelta(seconds=20)),
        run=reconcile_keys.run,
        does=Text("核对密钥台账与 Keycloak，结束到期的动态口令", "compares keys with Keycloak, ends due waivers"),
    ),
    Job(
        name="end_suspensions",
        when=Every(timedelta(minutes=10), after=timedelta(minutes=6)),
        run=end_suspensions.run,
        does=Text("结束到期的暂停（违规暂停除外）", "ends suspensions that have run out, but for violations"),
        once=True,
    ),
    Job(
        name="end_expired",
        when=Every(timedelta(minutes=1), after=timedelta(seconds=50)),
        run=end_expired.run,
        does=Text("到期账号提醒和冻结", "notices before an account's approved end, freezes it when it comes"),
    ),
    Job(
        name="turn_boxes",
        when=Every(timedelta(seconds=30), after=timedelta(seconds=5)),
        run=turn_boxes.run,
        does=Text("系统账号权限临时使用的开始、提醒和收回", "opens and ends the boxes of privileged use"),
    ),
    Job(
        name="sync_departures",
        when=Every(timedelta(hours=1)),
        run=sync_departures.run,
        does=Text("读取人事目录，冻结离职人员账号", "reads the HR directory and freezes leavers"),
    ),
    Job(
        name="watch_directory",
        when=Every(timedelta(minutes=1), after=timedelta(seconds=35)),
        run=watch_directory.run,
        does=Text("处理人事目录的变更，立即冻结明确离职的账号", "acts on reported changes of the HR directory at once"),
    ),
    Job(
        name="probe_service_account",
        when=Every(timedelta(hours=1), after=timedelta(minutes=25)),
        run=probe_service_account.run,
        does=Text("检查服务账号权限不多不少", "probes that the service account may do its work and no more"),
        once=True,
    ),
    Job(
        name="check_calendar",
        when=Daily(time(1, 30)),
        run=check_calendar.run,
        does=Text("检查工作日历是否已公布", "checks that the working days ahead are published"),
        once=True,
    ),
    Job(
        name="find_vacancies",
        when=Daily(time(1, 40)),
        run=find_vacancies.run,
        does=Text("查找没有人可以审批的岗位", "finds offices that nobody could exercise today or soon"),
        once=True,
    ),
    Job(
        name="scan_dormant",
        when=Daily(time(2, 0)),
        run=scan_dormant.run,
        does=Text("查找僵尸用户并提请主要负责人批准禁用", "finds zombie accounts and proposes them to the principal"),
    ),
    Job(
        name="scan_passwords",
        when=Daily(time(2, 30)),
        run=scan_passwords.run,
        does=Text("口令期限提醒，到期强制修改", "sends notices on password age, forces the change at the limit"),
    ),
    Job(
        name="scan_weak_passwords",
        when=Daily(time(2, 40)),
        run=scan_weak_passwords.run,
        does=Text("简单口令提醒，逾期提请批准禁用", "warns of simple passwords, proposes those that stay unchanged"),
    ),
    Job(
        name="scan_test_accounts",
        when=Daily(time(2, 45)),
        run=scan_test_accounts.run,
        does=Text("查找测试账号并提请批准禁用", "finds test accounts without an end and proposes them"),
    ),
    Job(
        name="scan_orphans",
        when=Daily(time(2, 50)),
        run=scan_orphans.run,
        does=Text("查找无主账号并提请批准禁用", "finds accounts that nobody answers for and proposes them"),
    ),
    Job(
        name="scan_conflicts",
        when=Daily(time(2, 55)),
        run=scan_conflicts.run,
        does=Text("结束到期的例外，查找职责冲突", "ends due exceptions, finds conflicts of duty"),
        once=True,
    ),
    Job(
        name="tell_duties",
        when=Daily(time(7, 0)),
        run=tell_duties.run,
        does=Text("提醒逾期未办的自查、清点、抽查和复查", "tells of late self-checks, key counts and inspections"),
        once=True,
    ),
    Job(
        name="verify_record",
        when=Daily(time(3, 0)),
        run=verify_record.run,
        does=Text("校验审计记录完整性", "verifies the record against its checkpoints"),
    ),
    Job(
        name="verify_scans",
        when=Daily(time(3, 15)),
        run=verify_scans.run,
        does=Text("核对盖章扫描件", "compares the stamped scans with their hashes"),
    ),
    Job(
        name="tidy_runs",
        when=Daily(time(3, 30)),
        run=tidy_runs.run,
        does=Text("清理过期的作业运行记录和页面草稿", "deletes old rows of this job history, and old drafts"),
    ),
    Job(
        name="make_partitions",
        when=Daily(time(3, 45)),
        run=make_partitions.run,
        does=Text("预建事件表的月分区，删除超过保存期限的", "makes the months of the event table, drops old ones"),
    ),
    Job(
        name="reconcile_accounts",
        when=Daily(time(4, 0)),
        run=reconcile_accounts.run,
        does=Text("核对台账与 Keycloak，提请批准修复差异", "compares the register with Keycloak, asks for the repair"),
    ),
    Job(
        name="check_matrix",
        when=Daily(time(4, 30)),
        run=check_matrix.run,
        does=Text("核对对照表、审批、Keycloak和子系统清单", "compares tables, approvals, Keycloak, subsystems"),
    ),
)


def find_job(name: str) -> Job | None:
    return next((job for job in SCHEDULE if job.name == name), None)
