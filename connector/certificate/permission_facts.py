"""Facts of permissions: the service account can do its work, and none of what an attacker would do with it."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from joserfc.jwk import ECKey

from connector.adapters.keycloak_calls import status_of
from connector.adapters.keycloak_token import signed_tokens
from connector.certificate.fact import demand, fact
from connector.certificate.scratch import ScratchRealm, new_password
from connector.errors import Text
from connector.ports import KeycloakRefusedError, KeycloakUnavailableError


@dataclass(frozen=True)
class Targets:
    """Whom an attacker would choose: an administrator of the realm, his group, a user outside the accounts."""

    boss: str
    stranger: str
    account: str
    own: str
    connector: str
    website: str
    management: str
    admins_group: str
    accounts_group: str
    realm_admin: Mapping[str, Any]
    permissions: str  # path of the fine-grained permissions


Act = Callable[[ScratchRealm, Targets], object]


def choose_targets(scratch: ScratchRealm) -> Targets:
    """Makes new targets in the scratch realm."""
    admin, mark = scratch.admin, secrets.token_hex(4)
    ids = {client["clientId"]: client["id"] for client in admin.get("/clients", max=-1)}
    management = ids["realm-management"]
    realm_admin = admin.get(f"/clients/{management}/roles/realm-admin")
    people = {name: f"{name}-{mark}" for name in ("boss", "stranger")}
    for user_name in people.values():
        admin.post("/users", {"username": user_name, "enabled": True})
    found = {name: admin.get("/users", username=user_name, exact="true")[0]["id"] for name, user_name in people.items()}
    admin.post(f"/users/{found['boss']}/role-mappings/clients/{management}", [realm_admin])
    admin.post("/groups", {"name": f"admins-{mark}"})
    admins_group = admin.get(f"/group-by-path/admins-{mark}")["id"]
    admin.post(f"/groups/{admins_group}/role-mappings/clients/{management}", [realm_admin])
    return Targets(
        **found,
        account=scratch.new_person().user_id,
        own=str(scratch.us.tokens.claims()["sub"]),
        connector=ids[scratch.config.connector.id],
        website=ids[scratch.config.subsystems[0].id],
        management=management,
        admins_group=admins_group,
        accounts_group=admin.get(f"/group-by-path/{scratch.config.accounts_group}")["id"],
        realm_admin=realm_admin,
        permissions=f"/clients/{ids['admin-permissions']}/authz/resource-server",
    )


PASSWORD = {"type": "password", "value": new_password(), "temporary": False}
TAKEOVER: dict[str, Act] = {
    "set an administrator's password": lambda s, t: s.us.put(f"/users/{t.boss}/reset-password", PASSWORD),
    "disable an administrator": lambda s, t: s.us.put(f"/users/{t.boss}", {"enabled": False}),
    "delete an administrator": lambda s, t: s.us.delete(f"/users/{t.boss}"),
    "log an administrator out": lambda s, t: s.us.post(f"/users/{t.boss}/logout"),
    "read an administrator": lambda s, t: s.us.get(f"/users/{t.boss}"),
    "disable a stranger": lambda s, t: s.us.put(f"/users/{t.stranger}", {"enabled": False}),
    "impersonate an account": lambda s, t: s.us.post(f"/users/{t.account}/impersonation"),
    "import users": lambda s, _: s.us.post("/partialImport", {"ifResourceExists": "FAIL", "users": []}),
}
GROUPS: dict[str, Act] = {
    "pull an administrator into the accounts": lambda s, t: s.us.put(f"/users/{t.boss}/groups/{t.accounts_group}"),
    "pull a stranger into the accounts": lambda s, t: s.us.put(f"/users/{t.stranger}/groups/{t.accounts_group}"),
    "pull itself into the accounts": lambda s, t: s.us.put(f"/users/{t.own}/groups/{t.accounts_group}"),
    "take an account out of the accounts": lambda s, t: s.us.delete(f"/users/{t.account}/groups/{t.accounts_group}"),
    "put an account among the administrators": lambda s, t: s.us.put(f"/users/{t.account}/groups/{t.admins_group}"),
    "create a user outside the accounts": lambda s, _: s.us.post("/users", {"username": "mole-1", "enabled": True}),
    "move the administrators under the accounts": lambda s, t: s.us.post(
        f"/groups/{t.accounts_group}/children", {"id": t.admins_group, "name": "admins"}
    ),
    "rename the accounts group": lambda s, t: s.us.put(f"/groups/{t.accounts_group}", {"name": "others"}),
}
RIGHTS: dict[str, Act] = {
    "make an account an administrator": lambda s, t: s.us.post(
        f"/users/{t.account}/role-mappings/clients/{t.management}", [t.realm_admin]
    ),
    "make itself an administrator": lambda s, t: s.us.post(
        f"/users/{t.own}/role-mappings/clients/{t.management}", [t.realm_admin]
    ),
    "give an account a realm role": lambda s, t: s.us.post(
        f"/users/{t.account}/role-mappings/realm", [s.admin.get("/roles/offline_access")]
    ),
    "give the accounts group a role": lambda s, t: s.us.post(
        f"/groups/{t.accounts_group}/role-mappings/clients/{t.management}", [t.realm_admin]
    ),
    "make a role": lambda s, t: s.us.post(f"/clients/{t.website}/roles", {"name": "back.door"}),
    "give itself a permission": lambda s, t: s.us.post(
        f"{t.permissions}/policy/user", {"name": "mine", "users": [t.own], "logic": "POSITIVE"}
    ),
    "disable itself": lambda s, t: s.us.put(f"/users/{t.own}", {"enabled": False}),
}
REALM: dict[str, Act] = {
    "change the realm": lambda s, _: s.us.put("", {"bruteForceProtected": False}),
    "change a subsystem's client": lambda s, t: s.us.put(f"/clients/{t.website}", {"redirectUris": ["*"]}),
    "make a client": lambda s, _: s.us.post("/clients", {"clientId": "mole"}),
    "read its own client's secret": lambda s, t: s.us.get(f"/clients/{t.connector}/client-secret"),
    "change its own key": lambda s, t: s.us.put(f"/clients/{t.connector}", {"attributes": {"jwks.string": "{}"}}),
    "list login flows": lambda s, _: s.us.get("/authentication/flows"),
    "change the user profile": lambda s, _: s.us.put("/users/profile", {"attributes": []}),
    "export the realm": lambda s, _: s.us.post("/partial-export", exportClients="true"),
    "delete events": lambda s, _: s.us.delete("/events"),
    "delete administrative events": lambda s, _: s.us.delete("/admin-events"),
    "switch events off": lambda s, _: s.us.put("/events/config", {"eventsEnabled": False}),
}


def _all_refused(scratch: ScratchRealm, acts: Mapping[str, Act]) -> str:
    """Tries each act on targets of its own; each must be answered 403."""
    targets, went_wrong = choose_targets(scratch), []
    for name, act in acts.items():
        try:
            act(scratch, targets)
        except KeycloakRefusedError as error:
            if status_of(error) != 403:
                went_wrong.append(f"{name}: {error.facts['reason']}")
        else:
            went_wrong.append(f"{name}: done")
    demand(not went_wrong, "; ".join(went_wrong))
    return f"{len(acts)} calls refused with 403"


@fact(
    "permission.realm-as-code-settles",
    Text("域配置可完整应用，再次比较没有差异", "The realm as code applies whole; a second look finds no difference"),
    Text(
        "若有设置未被保存，之后的检查和生产环境都会带着漏洞运行",
        "A setting that Keycloak does not keep would leave a hole, here and in service",
    ),
    "C9",
)
def realm_as_code_settles(scratch: ScratchRealm) -> str:
    demand(not scratch.refused, f"not applied whole: {scratch.refused}")
    left = [str(change) for change in scratch.applier.diff() if change.kind != "unexpected"]
    demand(not left, "; ".join(left[:5]))
    return "0 differences"


@fact(
    "permission.reads-exactly-what-it-needs",
    Text("服务账号的读取权限恰为所需", "The service account reads what it needs and nothing more"),
    Text(
        "多一项内置角色即可接管整个域，少一项则日常任务中断",
        "One built-in role more takes over the realm, one less stops the work",
    ),
    "C9",
)
def reads_exactly_what_it_needs(scratch: ScratchRealm) -> str:
    results = scratch.idp.probe()
    wrong = [f"{result.name}: {result.detail}" for result in results if not result.ok]
    demand(not wrong, "; ".join(wrong))
    return f"{len(results)} probes as they must be"


@fact(
    "permission.does-its-work",
    Text("服务账号能完成全部日常操作", "The service account can do all of its work"),
    Text(
        "开户、授权、收回、口令、密钥、冻结、删除缺一不可",
        "Opening, granting, withdrawing, passwords, keys, freezing and deleting must all go",
    ),
    "C9",
)
def does_its_work(scratch: ScratchRealm) -> str:
    idp, subsystem = scratch.idp, scratch.config.subsystems[0]
    roles = [permission.role for permission in subsystem.permissions[:2]]
    user_id = scratch.new_person().user_id
    idp.grant_roles(user_id, subsystem.id, roles)
    demand(idp.roles_of(user_id) == {subsystem.id: frozenset(roles)}, f"roles are {idp.roles_of(user_id)}")
    idp.withdraw_roles(user_id, subsystem.id, roles)
    demand(not idp.roles_of(user_id), "withdrawn roles are still held")
    idp.set_temporary_password(user_id, new_password())
    idp.require_actions(user_id, ["webauthn-register"])
    idp.update_user(user_id, display_name="改名")
    for credential in (listed := idp.list_credentials(user_id)):  # The password, and that of its history.
        idp.delete_credential(user_id, credential.id)
    demand(bool(listed) and not idp.list_credentials(user_id), "a deleted credential is still there")
    demand(any(user.user_id == user_id for user in idp.list_accounts()), "the account is not listed")
    scratch.order.take_out(user_id)
    idp.delete_user(user_id)
    demand(all(user.user_id != user_id for user in idp.list_accounts()), "the deleted account is still listed")
    return "open, grant, withdraw, password, actions, profile, credentials, list, freeze, delete"


@fact(
    "permission.no-takeover",
    Text("服务账号不能接管管理员", "The service account cannot take over an administrator"),
    Text(
        "manage-users 角色可重置管理员口令（实测），本产品的权限组合不可以",
        "The role manage-users resets an administrator's password (measured); this product's set must not",
    ),
    "C9",
)
def no_takeover(scratch: ScratchRealm) -> str:
    return _all_refused(scratch, TAKEOVER)


@fact(
    "permission.no-way-through-groups",
    Text("服务账号不能借用户组越权", "The service account gains nothing through groups"),
    Text(
        "把管理员拉入账号组、或把账号放入管理员组，都等于接管",
        "Pulling an administrator into the accounts, or an account among the administrators, would be a takeover",
    ),
    "C9",
)
def no_way_through_groups(scratch: ScratchRealm) -> str:
    told = _all_refused(scratch, GROUPS)
    body = {"username": "mole-2", "enabled": True, "groups": ["/accounts", _boss_group(scratch)]}
    with suppress(KeycloakRefusedError, KeycloakUnavailableError):  # 26.7.4 answers 500: what counts is the outcome.
        scratch.us.post("/users", body)
    moles = [user for name in ("mole-1", "mole-2") for user in scratch.admin.get("/users", username=name, exact="true")]
    demand(not moles, "a refused creation left a user behind")
    return f"{told}; nobody created among the administrators"


@fact(
    "permission.no-own-rights",
    Text("服务账号不能给自己或他人增加管理权限", "The service account cannot give rights to itself or others"),
    Text("它只能授予目录中的业务权限", "It may map the catalogue's roles and no other"),
    "C9",
)
def no_own_rights(scratch: ScratchRealm) -> str:
    return _all_refused(scratch, RIGHTS)


@fact(
    "permission.no-change-of-the-realm",
    Text("服务账号不能改动域、客户端和事件", "The service account cannot change the realm, clients or events"),
    Text("登录流程、密钥和审计事件不归它管理", "Login flows, keys and the events of the record are not its to change"),
    "C9",
)
def no_change_of_the_realm(scratch: ScratchRealm) -> str:
    return _all_refused(scratch, REALM)


@fact(
    "permission.only-its-own-key",
    Text("服务账号只认自己的签名密钥", "Only the service account's own key gets its token"),
    Text("没有共享口令；别的密钥签名必须被拒绝", "There is no shared secret, and another key's signature is refused"),
    "C9",
)
def only_its_own_key(scratch: ScratchRealm) -> str:
    other = stranger_key()
    tokens = signed_tokens(
        server_url=scratch.server_url,
        realm=scratch.name,
        client_id=scratch.config.connector.id,
        key_pem=other,
        timeout=30,
    )
    try:
        tokens.token()
    except KeycloakRefusedError as error:
        return f"another key: {error.facts['reason']}"
    demand(False, "a token for a signature of another key")
    return ""


def stranger_key() -> bytes:
    """A key that Keycloak has never seen (PEM)."""
    return ECKey.generate_key("P-256").as_pem(private=True)


def _boss_group(scratch: ScratchRealm) -> str:
    return next(str(group["path"]) for group in scratch.admin.get("/groups") if group["name"].startswith("admins-"))


FACTS = (
    realm_as_code_settles,
    reads_exactly_what_it_needs,
    does_its_work,
    no_takeover,
    no_way_through_groups,
    no_own_rights,
    no_change_of_the_realm,
    only_its_own_key,
)
