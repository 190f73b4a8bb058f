"""The Sphinx domain `spec`: references to definitions, and their entries in the search.

A reference's target reads `<name>@<fork>`, as that fork understands the name.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes  # type: ignore[import-untyped]
from sphinx import addnodes
from sphinx.builders import Builder
from sphinx.domains import Domain, ObjType
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

from poolspec.site.definitions import Specification, Target, document_of, load
from pysetup.model import Kind

# First among the results of a search, as Sphinx numbers priorities.
IMPORTANT = 0

# The folder of the lists of all names, one for each fork.
LISTS = "docs/names"

_OBJECT_TYPES = {kind: kind.value.replace(" ", "-") for kind in Kind}


def reference_to(
    fork: str, name: str, document: str, *content: nodes.Node, kind: str = "definition"
) -> addnodes.pending_xref:
    """Return a reference of `document` to a name as a fork understands it, around `content`.

    The kind "entry" leads to the name's entry in the list of the fork that defines it, the kind
    "field" to the field `<container>.<field>`.
    """
    return addnodes.pending_xref(
        "",
        *content,
        refdomain="spec",
        reftype=kind,
        reftarget=f"{name}@{fork}",
        refdoc=document,
        refwarn=True,
    )


class SpecDomain(Domain):
    """Definitions of all forks; they come from the compiler, not from what pages were read."""

    name = "spec"
    label = "Specification"
    object_types: ClassVar = {name: ObjType(kind.value) for kind, name in _OBJECT_TYPES.items()}

    @property
    def specifications(self) -> dict[str, Specification]:
        """Return all forks by name."""
        return load(Path(self.env.srcdir))

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        """Yield what a search finds: each definition where its own fork has it."""
        for fork in self.specifications.values():
            for each in fork.resolved.own():
                shown = f"{fork.name}.{each.name}"
                kind = _OBJECT_TYPES[each.kind]
                yield shown, shown, kind, document_of(each), each.name, IMPORTANT

    def resolve_xref(
        self,
        env: BuildEnvironment,
        fromdocname: str,
        builder: Builder,
        typ: str,
        target: str,
        node: addnodes.pending_xref,
        contnode: nodes.Element,
    ) -> nodes.reference | None:
        """Return the link, or nothing (a warning) if no fork defines the name."""
        name, _, fork = target.partition("@")
        place = self._place(typ, self.specifications[fork], name)
        if place is None:
            return None
        return make_refnode(
            builder, fromdocname, place.document, place.anchor, contnode, place.title
        )

    def _place(self, kind: str, fork: Specification, name: str) -> Target | None:
        if kind == "field":
            container, _, field = name.partition(".")
            return fork.field_target(container, field)
        place = fork.target(name)
        if place is None or kind != "entry":
            return place
        return replace(place, document=f"{LISTS}/{place.document.split('/')[1]}")

    def resolve_any_xref(self, *_: Any) -> list[tuple[str, nodes.reference]]:
        """Nothing: links of the documents lead to documents."""
        return []

    def merge_domaindata(self, docnames: Any, otherdata: dict[str, Any]) -> None:
        """Nothing is kept in the domain, so there is nothing to merge."""
