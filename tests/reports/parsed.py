"""A page taken apart by the standard library's parser, for looking at its structure."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "br", "img", "input", "hr"}


@dataclass
class Element:
    """An element with its attributes, its own and its descendants' text, and its descendants."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    within: list["Element"] = field(default_factory=list["Element"])

    def all(self, tag: str) -> list["Element"]:
        """Every descendant of this kind, in order."""
        return [one for one in self.within if one.tag == tag]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Element("page", {})
        self.open: list[Element] = [self.page]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        for one in self.open:
            one.within.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for one in self.open:
            one.within.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"<{self.open[-1].tag}> is closed by </{tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for one in self.open:
            one.text += data


def parse(html: str) -> Element:
    """Return the page; every element must be closed where it was opened."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    assert [one.tag for one in parser.open] == ["page"]
    return parser.page
