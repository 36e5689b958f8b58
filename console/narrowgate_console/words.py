"""The pages' words in each language: one catalogue, one line a word, English and Chinese side by side."""

from typing import Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
HTML_LANGUAGE: dict[Language, Literal["en-US", "zh-CN"]] = {"en": "en-US", "zh": "zh-CN"}

_WORDS: dict[str, tuple[str, str]] = {
    "city": ("City", "城市总览"),
    "water_way": ("Water", "水务"),
    "parking_way": ("Parking", "停车"),
    "lighting_way": ("Streetlights", "路灯"),
    "cases_way": ("Cases", "案件"),
    "system_way": ("System", "系统"),
    "user_name": ("User name", "用户名"),
    "password": ("Password", "密码"),
    "sign_in": ("Sign in", "登录"),
    "sign_out": ("Sign out", "退出"),
    "wrong_password": ("Name or password is wrong.", "用户名或密码错误。"),
    "locked_out": (
        "Too many failures. Try again in {minutes} min.",
        "失败次数过多，请在 {minutes} 分钟后重试。",
    ),
    "denied_page": ("You may not see this page", "无权查看此页面"),
    "not_there_page": ("There is nothing here", "未找到"),
    "refused_hint": (
        "It may be another tenant's, or need another role.",
        "可能属于其他租户，或需要其他角色。",
    ),
    "to_city": ("To the city page", "返回城市总览"),
    "subtitle": ("Water · parking · streetlights", "水务 · 停车 · 路灯"),
    "event_clock": ("Event time", "事件时间"),
    "ready": ("Ready", "运行正常"),
    "not_ready": ("Not ready", "未就绪"),
    "other_language": ("中文", "English"),
    "frames": ("Frames", "报文"),
    "kept": ("Kept", "已接收"),
    "stored": ("Stored", "已入库"),
    "partial": ("Partly stored", "部分入库"),
    "quarantined": ("Quarantined", "已隔离"),
    "duplicate": ("Duplicates", "重复"),
    "in_flight": ("In flight", "处理中"),
    "refused": ("Refused at the door", "接入拒绝"),
    "door_duplicates": ("Repeated at the door", "接入重复"),
    "unacknowledged": ("Unacknowledged", "未确认"),
    "balanced": ("The ledger balances", "台账平衡"),
    "unbalanced": ("The ledger does not balance", "台账不平衡"),
    "open_cases": ("Open cases", "未结案件"),
    "open_cases_counted": ("open", "未结"),
    "closed_cases_counted": ("closed", "已结案"),
    "void_cases_counted": ("void", "作废"),
    "no_cases": ("No open cases", "暂无未结案件"),
    "more_cases": ("and {n} more", "另有 {n} 件"),
    "number": ("Case", "案件号"),
    "service": ("What", "类别"),
    "severity": ("Severity", "级别"),
    "device": ("Device", "设备"),
    "asset": ("Asset", "部件"),
    "since": ("Since", "起始时间"),
    "water": ("Water: flow of all meters", "水务：总流量"),
    "parking": ("Parking: bays occupied", "停车：泊位占用率"),
    "lighting": ("Streetlights: power of all lamps", "路灯：总功率"),
    "no_readings": ("No readings yet", "暂无读数"),
    "devices": ("devices", "台设备"),
    "still_reporting": ("still reporting", "数据未齐"),
    "unreadable": ("Cannot be read: {what}. Figures may be old.", "无法读取：{what}。数据可能已过期。"),
    "not_read": ("Not read", "未能读取"),
    "continuous_leak": ("Continuous leak", "持续漏水"),
    "overstay": ("Overstay", "超时停放"),
    "lamp_out": ("Lamp out", "路灯不亮"),
    "info": ("Info", "提示"),
    "minor": ("Minor", "一般"),
    "major": ("Major", "重要"),
    "safety": ("Safety", "安全"),
    "api": ("API reference", "API 文档"),
}


def word(name: str, language: Language) -> str:
    """Give a word in a language; a name that is not in the catalogue, as of a new rule, stands for itself."""
    entry = _WORDS.get(name)
    return name if entry is None else entry[LANGUAGES.index(language)]


def choose_language(asked: str | None, accepted: str | None) -> Language:
    """Give the language of a page.

    Args:
        asked: `lang` of the URL; what is no language of ours is passed over.
        accepted: the browser's Accept-Language header.
    """
    wishes = [(1.0, asked or "")]
    if asked not in LANGUAGES:
        wishes = sorted(map(_wish, (accepted or "").split(",")), key=lambda wish: -wish[0])
    for weight, tag in wishes:
        for language in LANGUAGES:
            if weight > 0 and tag.partition("-")[0] == language:
                return language
    return "en"


def _wish(entry: str) -> tuple[float, str]:
    """Read one entry of Accept-Language: weight and tag; an unreadable weight is no wish."""
    tag, _, quality = entry.partition(";")
    try:
        weight = float(quality.partition("=")[2]) if quality else 1.0
    except ValueError:
        weight = 0.0
    return weight, tag.strip().lower()
