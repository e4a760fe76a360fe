"""The order of the steps, with their names and clauses."""

from connector.embedded.demo import approval, behind, departure, first_login, record, scans, signing_in
from connector.embedded.demo.scene import Step
from connector.errors import Text

PROGRAMME: tuple[Step, ...] = (
    Step(
        Text("任职人员领取初始口令并登录", "officers open their one-time links and sign in"),
        "LC 6(3), JC 23",
        signing_in.sign_in_officers,
    ),
    Step(Text("接入科室的审批系统", "a unit's approval system is connected"), "LC 6(1)", signing_in.connect_oa),
    Step(
        Text("提交前查看审批流程：敏感权限多一级", "the chain before submission: one stage more for what is sensitive"),
        "LC 6(1), LC 8",
        approval.preview,
    ),
    Step(Text("提交权限申请", "the request is submitted"), "LC 6(1), HH 1", approval.submit),
    Step(Text("拒绝本人审批", "self-approval is refused"), "JC 7, HH 3", approval.refuse_self_approval),
    Step(Text("逐级审批", "stage after stage, different people"), "LC 6(1), HH 4", approval.decide_first),
    Step(
        Text("分管负责人在本单位系统中审批，签名回调", "one stage is decided by signed webhook"),
        "LC 6(1)",
        approval.decide_by_oa,
    ),
    Step(
        Text("拒绝对已变内容的审批", "a decision on other content is refused"),
        "JC 11",
        approval.refuse_changed_content,
    ),
    Step(
        Text("末级审批前 Keycloak 中没有此人", "before the last approval Keycloak has no such user"),
        "JC 7, LC 6(2)",
        approval.check_nothing_yet,
    ),
    Step(
        Text("末级审批后开通，权限与批准一致", "after it the account is there, with exactly the approved roles"),
        "LC 6(2), GS 10(1)",
        approval.decide_last,
    ),
    Step(
        Text("拒绝同一证件的第二个账号", "a second account for the same ID number is refused"),
        "LC 5(3), JC 12",
        approval.refuse_second_account,
    ),
    Step(
        Text("密钥入库，发放一枚给使用人", "keys are taken into stock, one is issued to the person"),
        "GS 10(1), GS 16",
        first_login.issue_key,
    ),
    Step(
        Text("打开一次性链接，初始口令只显示一次", "the one-time link shows the initial password once"),
        "LC 6(3), JC 23",
        first_login.open_link,
    ),
    Step(Text("拒绝弱口令", "a weak password is refused"), "LC 6(3), JC 24", first_login.refuse_weak_password),
    Step(
        Text(
            "首次登录：改口令、登记密钥，令牌权限与批准一致",
            "first login: new password, the key enrolled, right roles",
        ),
        "LC 6(3), GS 10(2)",
        first_login.log_in,
    ),
    Step(
        Text("只有口令：开评标系统拒绝登录", "a password alone does not open bid opening"),
        "GS 10(2)",
        first_login.refuse_password_alone,
    ),
    Step(
        Text("密钥验证后进入开评标，再进其他子系统不再询问", "with the key it opens; the next subsystem asks nothing"),
        "LC 2, GS 10(2)",
        first_login.enter_second,
    ),
    Step(
        Text("核对：登记的密钥即发放的密钥", "the key that was enrolled is the one that was issued"),
        "GS 10(1), GS 16",
        first_login.bind_key,
    ),
    Step(
        Text("人事目录标记离岗：立即冻结，会话清零", "the HR directory marks the leaver: frozen, no session left"),
        "LC 7(2), JC 14",
        departure.leave,
    ),
    Step(Text("冻结后所有凭据失效", "nothing the leaver holds opens anything"), "JC 14", departure.find_doors_shut),
    Step(
        Text("请单位补交书面申请、交回密钥", "the unit is asked for the written form and the key"),
        "LC 7(2), GS 10(6)",
        departure.open_case,
    ),
    Step(
        Text("大量离岗触发熔断：无人被冻结，待两人放行", "a mass departure trips the breaker: nobody is frozen"),
        "JC 14, JC 22",
        departure.trip_breaker,
    ),
    Step(
        Text(
            "在 Keycloak 控制台自行建立用户：一分钟内发现并禁用",
            "a user made in Keycloak's console is found within a minute and shut out",
        ),
        "JC 9, GS 13",
        behind.make_user_by_hand,
    ),
    Step(
        Text("人工撤销的权限：对账发现差异，待两人批准修复", "a role taken by hand: the repair waits for two offices"),
        "JC 9, JC 11",
        behind.take_role_by_hand,
    ),
    Step(
        Text("僵尸用户检查（按将来日期试运行）", "the zombie scan, a dry run as of a later day"),
        "LC 7(2)",
        scans.find_zombies,
    ),
    Step(
        Text("口令期限检查（按将来日期试运行）", "the password-age scan, a dry run as of a later day"),
        "JC 25, GS 10(4)",
        scans.find_old_passwords,
    ),
    Step(Text("审计记录封存并验证", "the record is sealed and verifies"), "GX 10", record.verify),
    Step(
        Text("离线验证发现一个被改动的字节", "the offline verifier finds one changed byte"),
        "GX 10",
        record.find_changed_byte,
    ),
)
