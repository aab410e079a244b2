"""The people of the demo company: departments with their managers, employees with roles, holidays and leaves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role

from app.core import crud, db
from app.core.entity import User
from app.demo.cast import Cast, moment
from app.domains.people.models import Department, Employee, Holiday, Leave

ADMIN = "admin"


class Person(NamedTuple):
    """Somebody who works here."""

    username: str
    first: str
    last: str
    role: str
    department: str
    job_title: str
    locale: str


DEPARTMENTS = (
    # name, the department above, manager
    ("总经办 Head office", None, "jianing"),
    ("销售部 Sales", "总经办 Head office", "qihang"),
    ("华东销售组 Sales East", "销售部 Sales", "grace"),
    ("华南销售组 Sales South", "销售部 Sales", "junfeng"),
    ("采购部 Purchasing", "总经办 Head office", "wenjing"),
    ("仓储部 Logistics", "总经办 Head office", "jianguo"),
    ("财务部 Finance", "总经办 Head office", "yaqin"),
    ("客户服务部 Customer service", "销售部 Sales", "siyuan"),
)
PEOPLE = (
    Person("jianing", "嘉宁", "沈", "Director", "总经办 Head office", "总经理", "zh"),
    Person("qihang", "启航", "周", "Sales manager", "销售部 Sales", "销售总监", "zh"),
    Person("grace", "Grace", "Holmqvist", "Sales manager", "华东销售组 Sales East", "Regional sales manager", "en"),
    Person("xiaotong", "晓彤", "林", "Salesperson", "华东销售组 Sales East", "客户经理", "zh"),
    Person("peter", "Peter", "Novarik", "Salesperson", "华东销售组 Sales East", "Key account manager", "en"),
    Person("junfeng", "俊峰", "何", "Sales manager", "华南销售组 Sales South", "区域销售经理", "zh"),
    Person("yutong", "雨桐", "杨", "Salesperson", "华南销售组 Sales South", "客户经理", "zh"),
    Person("daniel", "Daniel", "Wendrich", "Salesperson", "华南销售组 Sales South", "Export sales", "en"),
    Person("wenjing", "文静", "高", "Purchaser", "采购部 Purchasing", "采购经理", "zh"),
    Person("jianguo", "建国", "罗", "Warehouse keeper", "仓储部 Logistics", "仓储主管", "zh"),
    Person("zhiqiang", "志强", "唐", "Warehouse keeper", "仓储部 Logistics", "仓库管理员", "zh"),
    Person("emma", "Emma", "Lindahl-Roe", "Warehouse keeper", "仓储部 Logistics", "Warehouse keeper", "en"),
    Person("yaqin", "雅琴", "宋", "Accountant", "财务部 Finance", "会计主管", "zh"),
    Person("siyuan", "思远", "郭", "Support agent", "客户服务部 Customer service", "客服专员", "zh"),
)
# First days of holidays that follow the moon: Spring Festival, Dragon Boat Festival, Mid-Autumn Festival.
BY_THE_MOON = {
    2025: ((1, 29), (5, 31), (10, 6)),
    2026: ((2, 17), (6, 19), (9, 25)),
    2027: ((2, 6), (6, 9), (9, 15)),
    2028: ((1, 26), (5, 28), (10, 3)),
    2029: ((2, 13), (6, 16), (9, 22)),
    2030: ((2, 3), (6, 5), (9, 12)),
}
BY_THE_SUN = (
    # month, day, days, name
    (1, 1, 1, "元旦 New Year"),
    (4, 5, 1, "清明节 Qingming"),
    (5, 1, 3, "劳动节 Labour Day"),
    (10, 1, 7, "国庆节 National Day"),
)
SPRING_DAYS = 7
NEXT_WORKED = "调休上班 Worked in exchange"


def fill(cast: Cast) -> None:
    """Put everybody in, and the days they are away."""
    cast.keep("users", ADMIN, db.session.scalars(sa.select(User)).one())
    roles = dict(db.session.execute(sa.select(Role.name, Role.id)).tuples().all())
    for person in PEOPLE:
        data = {
            "username": person.username,
            "first_name": person.first,
            "last_name": person.last,
            "email": f"{person.username}@kehu-demo.example.com",
            "active": True,
            "locale": person.locale,
            "roles": [roles[person.role]],
        }
        cast.keep("users", person.username, crud.create(User, data))
    with cast.acting(ADMIN):
        _fill_departments(cast)
        for day, name, is_workday in holidays(cast.today):
            crud.create(Holiday, {"date": day, "name": name, "is_workday": is_workday})
    _fill_leaves(cast)


def _fill_departments(cast: Cast) -> None:
    for name, parent, manager in DEPARTMENTS:
        above = cast.rows["departments"][parent].id if parent else None
        data = {"name": name, "parent": above, "manager": cast.user_id(manager)}
        cast.keep("departments", name, crud.create(Department, data))
    for index, person in enumerate(PEOPLE):
        hired = cast.ago(400 + 173 * index % 2600)
        data = {
            "user": cast.user_id(person.username),
            "department": cast.rows["departments"][person.department].id,
            "job_title": person.job_title,
            "mobile": f"+86 138 0000 {1100 + 37 * index}",
            "email": f"{person.username}@kehu-demo.example.com",
            "hired_on": hired,
        }
        crud.create(Employee, data)


def _fill_leaves(cast: Cast) -> None:
    monday = cast.today - timedelta(days=cast.today.weekday())
    leaves = (
        # who, first day from this Monday on, days, reason
        ("yutong", -10, 3, "年假，回老家"),
        ("siyuan", 1, 2, "家中有事"),
        ("peter", 7, 5, "Annual leave"),
        ("zhiqiang", 16, 1, "体检"),
        ("emma", 21, 12, "Family visit"),
    )
    for username, start, days, reason in leaves:
        first = monday + timedelta(days=start)
        with cast.acting(username, moment(cast.ago(12), 9, 20)):
            crud.create(Leave, {"starts_on": first, "ends_on": first + timedelta(days=days - 1), "reason": reason})


def holidays(today: date) -> Iterator[tuple[date, str, bool]]:
    """The holidays of the year of ``today`` and of the next: (day, name, whether it is worked instead).

    Each day once.  An example for the demo company, not the calendar that the State Council publishes.
    """
    found: dict[date, tuple[str, bool]] = {}
    for year in (today.year, today.year + 1):
        spans = [(date(year, month, day), days, name) for month, day, days, name in BY_THE_SUN]
        if year in BY_THE_MOON:
            spring, boats, autumn = (date(year, month, day) for month, day in BY_THE_MOON[year])
            spans.append((spring - timedelta(days=1), SPRING_DAYS, "春节 Spring Festival"))
            spans.append((boats, 1, "端午节 Dragon Boat Festival"))
            spans.append((autumn, 1, "中秋节 Mid-Autumn Festival"))
        for first, days, name in spans:
            for offset in range(days):
                found.setdefault(first + timedelta(days=offset), (name, False))
        for first, days, _name in spans:
            if days == SPRING_DAYS:
                # Of seven days off, one is worked on the Saturday after.
                saturday = first + timedelta(days=days)
                saturday += timedelta(days=(5 - saturday.weekday()) % 7)
                found.setdefault(saturday, (NEXT_WORKED, True))
    for day in sorted(found):
        yield day, *found[day]
