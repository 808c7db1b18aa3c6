"""The requirements of the published schemas of JUnit XML, written down as facts.

The schemas are that of Apache Ant's reports, which is the stricter, and that of Jenkins.

Both name the elements, the order of those inside each other, how often each may come, the attributes that
must and that may be there, and their types. A document that this accepts is accepted by both.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

_WHOLE = re.compile(r"\d+")
_DECIMAL = re.compile(r"\d+(\.\d+)?")
# Ant's pattern has no zone
_TIME = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d")
# xs:token that must not be empty
_WORD = re.compile(r"\S+")
_ANY = re.compile(r".*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its attributes with their types, its tags, and whether it holds text.

    The pattern of the tags inside it has a blank after each tag.
    """

    required: Mapping[str, re.Pattern[str]]
    inside: str = ""
    optional: Mapping[str, re.Pattern[str]] | None = None
    text: bool = False


_ELEMENTS: Mapping[str, Element] = {
    "testsuites": Element({}, "(testsuite )*"),
    "testsuite": Element(
        {
            **{"id": _WHOLE, "package": _ANY, "name": _WORD, "hostname": _WORD, "timestamp": _TIME},
            **{"tests": _WHOLE, "failures": _WHOLE, "errors": _WHOLE, "time": _DECIMAL},
        },
        "properties (testcase )*system-out system-err ",
        {"skipped": _WHOLE},
    ),
    "properties": Element({}, "(property )*"),
    "property": Element({"name": _WORD, "value": _ANY}),
    "testcase": Element({"name": _WORD, "classname": _WORD, "time": _DECIMAL}, "((skipped|error|failure) )?"),
    "failure": Element({"type": _WORD}, optional={"message": _ANY}, text=True),
    "error": Element({"type": _WORD}, optional={"message": _ANY}, text=True),
    "skipped": Element({}, text=True),
    "system-out": Element({}, text=True),
    "system-err": Element({}, text=True),
}


def violations(document: bytes) -> list[str]:
    """Return what is against the schemas, or does not add up, one line each."""
    root = ET.fromstring(document)
    wrong = [] if root.tag == "testsuites" else [f"the root is {root.tag}"]
    return [*wrong, *(line for element in root.iter() for line in _of(element))]


def _of(element: ET.Element) -> Iterator[str]:
    rule = _ELEMENTS.get(element.tag)
    if rule is None:
        yield f"{element.tag} is no element"
        return
    types = {**rule.required, **(rule.optional or {})}
    yield from (f"{element.tag} lacks {name}" for name in rule.required.keys() - element.attrib.keys())
    for name, value in element.attrib.items():
        if name not in types:
            yield f"{element.tag} has {name}"
        elif not types[name].search(value) or (
            types[name] not in (_WORD, _ANY) and not types[name].fullmatch(value)
        ):
            yield f"{element.tag} {name}={value!r}"
    if not re.fullmatch(rule.inside, "".join(f"{child.tag} " for child in element)):
        yield f"{element.tag} holds {[child.tag for child in element]}"
    if not rule.text and (element.text or "").strip():
        yield f"{element.tag} has text"
    if element.tag == "testsuite":
        yield from _sums(element)


def _sums(suite: ET.Element) -> Iterator[str]:
    counted = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for name, tag in counted.items():
        if (there := len([*suite.iter(tag)])) != int(suite.get(name, there)):
            yield f"{name}={suite.get(name)} but there are {there}"
