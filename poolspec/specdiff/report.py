"""Everything that the pages tell of a fork's changes, gathered from where it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from poolspec.mutation.reviewed import Reviewed, read_reviewed
from poolspec.specdiff.index import Group, Index, check_index, read_index
from poolspec.specdiff.mentions import PROPOSAL, Mentions, mentions_of
from poolspec.specdiff.objects import Change, Entry, SpecDiff, compare
from poolspec.specdiff.places import Places, Section, Target
from pysetup import resolve_fork
from pysetup.model import CodeDefinition, Definition, Kind

REVIEWED = "tests/vectors/poolbonds/reviewed.yaml"

TITLES: Mapping[Kind, str] = {
    Kind.CONSTANT: "Constants",
    Kind.PRESET: "Preset values",
    Kind.CONFIGURATION: "Configuration values",
    Kind.TYPE: "Types",
    Kind.CONTAINER: "Containers",
    Kind.CLASS: "Classes",
    Kind.VARIABLE: "Variables",
    Kind.FUNCTION: "Functions",
}


def part_title(kind: Kind, change: Change) -> str:
    """The heading of the entries of one kind and change."""
    return f"{change.value} {TITLES[kind].lower()}"


@dataclass(frozen=True)
class Reference:
    """A name with a link to where it is explained."""

    name: str
    link: str


@dataclass(frozen=True)
class Reached:
    """The vectors that reach a function; `reason` says why none has to, if none does."""

    groups: tuple[Group, ...]
    reason: str

    @property
    def cases(self) -> int:
        """The number of cases."""
        return sum(group.cases for group in self.groups)


@dataclass(frozen=True)
class Report:
    """The changes of a fork, and how to find out what belongs to each."""

    diff: SpecDiff
    places: Places
    mentions: Mapping[str, Mentions]
    index: Index
    reviewed: Reviewed

    @property
    def title(self) -> str:
        """The two forks."""
        return f"{self.diff.parent.fork.title} → {self.diff.fork.fork.title}"

    def sections(self, entry: Entry) -> tuple[str, list[Reference]]:
        """The sections of the proposal for an entry, and in words what they do for it."""
        mentions = self.mentions[entry.name]
        if mentions.stated:
            return "Stated in", self._section_links(mentions.stated)
        if mentions.named:
            return "Only mentioned in", self._section_links(mentions.named)
        return "Stated in no section", []

    def _section_links(self, sections: tuple[Section, ...]) -> list[Reference]:
        return [Reference(_plain(each.title), self.places.section(each)) for each in sections]

    def reached(self, entry: Entry) -> Reached | None:
        """The vectors that reach an entry; None for what is no function of the fork."""
        if entry.kind is not Kind.FUNCTION or entry.after is None:
            return None
        excluded = self.reviewed.functions.get(entry.name)
        reason = excluded or self.reviewed.documents.get(entry.span.path, "")
        return Reached(self.index[entry.name], reason)

    def format_of(self, handler: str) -> str:
        """A link to the description of a handler's cases."""
        return self.places.file(f"tests/formats/{handler.partition('/')[0]}/README.md")


def _plain(title: str) -> str:
    return title.replace("`", "").replace("*", "")


class Links:
    """Links as one of the pages needs them: within it for what it shows, else to documents.

    `anchors` has the links within the page, by the names of all entries.
    """

    def __init__(self, report: Report, anchors: Mapping[str, str]) -> None:
        self._places = report.places
        self._anchors = anchors
        self._documents = {}
        for entry in report.diff.entries:
            section = self._places.outline(entry.span.path).section_at(entry.span.first)
            if section and isinstance(entry.definition, CodeDefinition):
                self._documents[f"{entry.span.path}#{section.anchor}"] = anchors[entry.name]

    def users(self, entry: Entry) -> list[Reference]:
        """Who uses an entry."""
        return [
            Reference(each.name, self._anchors.get(each.name) or self._places.span(each.span))
            for each in entry.users
        ]

    def prose(self, definition: Definition) -> str:
        """The prose of a definition, its links turned so that they work on the page."""
        return self._places.rebased(definition.prose, definition.span.path, self._documents)


def gather(root: Path, target: Target, index: Path) -> Report:
    """Read everything of a checkout; `target` is where the links of the pages lead.

    Raises `CompileError` if the documents are wrong, `VectorError` for the lists beside the
    vectors, `OSError` for files that cannot be read.
    """
    diff = compare(resolve_fork(root, "poolbonds"))
    places = Places(root, target)
    names = [entry.name for entry in diff.entries]
    reached = read_index(index)
    functions = [each.name for each in diff.of(Kind.FUNCTION, Change.MODIFIED, Change.NEW)]
    check_index(index, reached, functions)
    return Report(
        diff=diff,
        places=places,
        mentions=mentions_of(places.outline(PROPOSAL), names),
        index=reached,
        reviewed=read_reviewed(root / REVIEWED),
    )
