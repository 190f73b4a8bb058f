"""Phase 2, collect: from the nodes of documents to definitions and removals.

The heading above a block must name what the block defines, and every row of a table must be
understood: nothing is skipped in silence.
"""

import ast
import re
import warnings
from collections.abc import Iterable

from pysetup.errors import Problems, Span
from pysetup.forks import Fork
from pysetup.markdown import Document, Fence, Heading, Prose, Table
from pysetup.model import (
    CodeDefinition,
    Collected,
    Definition,
    Kind,
    Removal,
    Status,
)
from pysetup.names import names_of_block
from pysetup.tables import rows_of

# The statements that define something.
_Node = ast.FunctionDef | ast.ClassDef | ast.AnnAssign
_STATUS = {"New": Status.NEW, "Modified": Status.MODIFIED}
_NAMED_HEADING = re.compile(r"(?:(New|Modified|Removed) )?`([^`]+)`")
_CHANGE = re.compile(r"(New|Modified|Removed)\b")
# Compiled blocks have the info string "python"; these look like a slip.
_SLIP = re.compile(r"(?i)(py|py3|python3?)\b.*")


def collect(fork: Fork, documents: Iterable[Document], problems: Problems) -> Collected:
    """Return the definitions and removals in the documents of a fork."""
    definitions: list[Definition] = []
    removals: list[Removal] = []
    for document in documents:
        collector = _Collector(fork, problems)
        collector.read(document)
        definitions += collector.definitions
        removals += collector.removals
    return Collected(fork, tuple(definitions), tuple(removals))


class _Collector:
    """Walks through one document and remembers the heading it stands under."""

    def __init__(self, fork: Fork, problems: Problems) -> None:
        self.fork = fork
        self.problems = problems
        self.definitions: list[Definition] = []
        self.removals: list[Removal] = []
        self._heading: Heading | None = None
        self._prose: list[str] = []
        self._defined_under_heading = 0

    def read(self, document: Document) -> None:
        """Collect what the document defines."""
        for node in document.nodes:
            match node:
                case Heading():
                    self._close_heading()
                    self._heading, self._prose = node, []
                    self._defined_under_heading = 0
                case Prose():
                    self._prose.append(node.text)
                case Fence():
                    self._read_fence(node)
                case Table() if not node.informative:
                    self._read_table(node)
        self._close_heading()

    def _named(self) -> tuple[str | None, str] | None:
        """Return the change and the name of the heading, if it is that of a definition."""
        match = _NAMED_HEADING.fullmatch(self._heading.text) if self._heading else None
        return (match[1], match[2]) if match else None

    def _change(self) -> str | None:
        """Return New, Modified or Removed if the heading begins with it."""
        match = _CHANGE.match(self._heading.text) if self._heading else None
        return match[1] if match else None

    def _close_heading(self) -> None:
        """Record a removal; report a heading that promises a definition and has none."""
        named = self._named()
        if self._heading is None or named is None or self._defined_under_heading:
            return
        change, name = named
        if change == "Removed" and self.fork.parent is not None:
            self.removals.append(Removal(name, self._heading.span))
        elif name.isidentifier():
            message = f"the heading names `{name}`, but no python block follows"
            self.problems.add(self._heading.span, message)

    def _read_fence(self, fence: Fence) -> None:
        """Collect the definition in a block."""
        if fence.info != "python":
            if _SLIP.fullmatch(fence.info):
                message = f"info string {fence.info!r}: write python (compiled) or pycon (not)"
                self.problems.add(fence.span, message)
            return
        self._defined_under_heading += 1
        if fence.nested or fence.source.startswith((" ", "\t")):
            self.problems.add(fence.span, "a python block must not be indented or nested")
            return
        parsed = self._parse_block(fence)
        if parsed is None:
            return
        tree, node = parsed
        name = _name(node)
        status = self._check_heading(fence.span, name)
        kind = _kind(node)
        if isinstance(node, ast.FunctionDef) and not ast.get_docstring(node):
            self.problems.add(fence.span, f"`{name}` has no docstring")
        if status is None:
            return
        self.definitions.append(
            CodeDefinition(
                name=name,
                kind=kind,
                status=status,
                fork=self.fork.name,
                span=fence.span,
                prose="\n\n".join(self._prose),
                names=names_of_block(fence.source, tree, name),
                source=fence.source,
                tree=tree,
            )
        )

    def _parse_block(self, fence: Fence) -> tuple[ast.Module, _Node] | None:
        """Return the syntax tree of a block and the one definition that it must hold."""
        try:
            with warnings.catch_warnings():
                # What Python only warns of, such as an unknown escape, has no place in a document.
                warnings.simplefilter("error", SyntaxWarning)
                warnings.simplefilter("error", DeprecationWarning)
                tree = ast.parse(fence.source)
                # Some errors (a return outside a function) come only later than the parser.
                compile(tree, fence.span.path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            offset = (getattr(error, "lineno", None) or 1) - 1
            message = getattr(error, "msg", None) or str(error) or "nested too deeply"
            self.problems.add(fence.span.line(offset), f"syntax error: {message}")
            return None
        if not tree.body:
            self.problems.add(fence.span, "the python block is empty")
            return None
        for extra in tree.body[1:]:
            here = fence.span.line(extra.lineno - 1)
            self.problems.add(here, "a python block holds one definition, this is more")
        first = tree.body[0]
        if not isinstance(first, _Node) or not _name(first):
            here = fence.span.line(first.lineno - 1)
            self.problems.add(here, "a python block holds a function, class or annotated variable")
            return None
        return tree, first

    def _check_heading(self, span: Span, name: str) -> Status | None:
        """Return the status that the heading gives to the block, if it names it rightly."""
        overlay = self.fork.parent is not None
        wanted = f"New `{name}` or Modified `{name}`" if overlay else f"`{name}`"
        if self._heading is None:
            self.problems.add(span, f"no heading above the block of `{name}`; it must be {wanted}")
            return None
        change, named = self._named() or (None, None)
        if named != name or (change in _STATUS) != overlay or change == "Removed":
            message = f"the heading {self._heading.text!r} does not name its block: write {wanted}"
            self.problems.add(span, message)
            return None
        return _STATUS[change] if overlay and change else Status.ORIGINAL

    def _read_table(self, table: Table) -> None:
        """Collect the rows of a table."""
        rows = rows_of(table, self.fork.name, self.problems)
        self._defined_under_heading += 1
        if not rows:
            return
        status = Status.ORIGINAL
        if self.fork.parent is not None:
            change = self._change()
            if change is None:
                message = "the heading above the table must begin with New, Modified or Removed"
                self.problems.add(table.span, message)
                return
            if change == "Removed":
                self.removals += [Removal(row.name, row.span) for row in rows]
                return
            status = _STATUS[change]
        self.definitions += [row.definition(status) for row in rows]


def _name(node: _Node) -> str:
    """Return the name that the block defines, or nothing if it only looks like a definition."""
    if not isinstance(node, ast.AnnAssign):
        return node.name
    is_variable = isinstance(node.target, ast.Name) and node.value is not None
    return ast.unparse(node.target) if is_variable else ""


def _kind(node: _Node) -> Kind:
    """Return what the block defines."""
    if isinstance(node, ast.FunctionDef):
        return Kind.FUNCTION
    if isinstance(node, ast.AnnAssign):
        return Kind.VARIABLE
    bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
    return Kind.CONTAINER if "Container" in bases else Kind.CLASS
