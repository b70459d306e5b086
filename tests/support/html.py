"""A page, parsed: its elements with their attributes and texts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "br", "hr", "input"}


@dataclass(kw_only=True)
class Element:
    """An element; `text` is what it and everything in it say."""

    tag: str
    attributes: dict[str, str]
    children: "list[Element]" = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    def all(self, tag: str = "", class_name: str = "", /, **attributes: str) -> "list[Element]":
        """Return the elements below this one that have this tag, class and attributes, in their order."""
        return self._below(
            lambda each: (
                tag in ("", each.tag)
                and (not class_name or class_name in each.classes)
                and attributes.items() <= each.attributes.items()
            )
        )

    def one(self, tag: str = "", class_name: str = "", /, **attributes: str) -> "Element":
        """Return the only such element."""
        [found] = self.all(tag, class_name, **attributes)
        return found

    def _below(self, wanted: "Callable[[Element], bool]") -> "list[Element]":
        return [found for child in self.children for found in ([child] if wanted(child) else []) + child._below(wanted)]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element(tag="", attributes={})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag=tag, attributes={name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        closed = self.open.pop()
        assert closed.tag == tag, f"<{closed.tag}> is closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.texts.append(data)


def parsed(page: str) -> Element:
    """Return a page's root; every element has to be closed."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert len(reader.open) == 1
    return reader.open[0]
