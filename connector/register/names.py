"""What people call the classes of accounts, in both languages. Holds nothing but names."""

from collections.abc import Mapping

from connector.errors import Text
from connector.regulations.vocabulary import AccountClass

CLASS_NAMES: Mapping[str, Text] = {
    AccountClass.ORDINARY: Text("普通用户", "Ordinary user"),
    AccountClass.BUSINESS_ADMINISTRATOR: Text("业务管理员", "Business administrator"),
    AccountClass.SYSTEM_ADMINISTRATOR: Text("系统管理员", "System administrator"),
    AccountClass.SUPER_ADMINISTRATOR: Text("超级管理员", "Super administrator"),
    AccountClass.LEADER: Text("领导", "Leader"),
    AccountClass.PERSON_IN_CHARGE: Text("负责人", "Person in charge"),
    AccountClass.ENFORCER: Text("行政监督人员", "Supervising officer"),
    AccountClass.SPECIAL_DUTY: Text("特殊岗位", "Special duty"),
}
