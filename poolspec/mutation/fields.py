"""What containers the expressions of a function hold, so that a field can be mistaken for another.

Only what can be read off without a doubt is known: parameters by their annotations, variables by
what they are assigned or loop over, fields and elements by the SSZ types.
"""

import ast
from collections.abc import Mapping
from typing import Any


def _element(view_type: Any) -> Any | None:
    """The type of a list's elements."""
    cls = getattr(view_type, "element_cls", None)
    return cls() if cls is not None else None


class Containers:
    """The SSZ types of a function's variables and expressions."""

    def __init__(self, function: ast.FunctionDef, module: Any) -> None:
        self._module = module
        self._variables: dict[str, Any] = {}
        for argument in function.args.args:
            self._assign(argument.arg, self._named(argument.annotation))
        # In the order of the text, which is the order of assignment
        for node in sorted(ast.walk(function), key=lambda each: getattr(each, "lineno", 0)):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self._assign(node.targets[0].id, self.type_of(node.value))
            elif isinstance(node, ast.For | ast.comprehension):
                self._loop(node.target, node.iter)

    def _assign(self, name: str, view_type: Any | None) -> None:
        if view_type is not None:
            self._variables[name] = view_type

    def _loop(self, target: ast.expr, values: ast.expr) -> None:
        if isinstance(values, ast.Call) and ast.unparse(values.func) == "enumerate":
            if isinstance(target, ast.Tuple):
                self._loop(target.elts[1], values.args[0])
        elif isinstance(target, ast.Name):
            self._assign(target.id, _element(self.type_of(values)))

    def _named(self, annotation: ast.expr | None) -> Any | None:
        """The type that an annotation names, also one of another fork's module."""
        if isinstance(annotation, ast.Name):
            return getattr(self._module, annotation.id, None)
        if isinstance(annotation, ast.Attribute) and isinstance(annotation.value, ast.Name):
            return getattr(getattr(self._module, annotation.value.id, None), annotation.attr, None)
        return None

    def type_of(self, node: ast.expr) -> Any | None:
        """The SSZ type of an expression, None if it is not known."""
        if isinstance(node, ast.Name):
            return self._variables.get(node.id)
        if isinstance(node, ast.Attribute):
            return self._fields(node).get(node.attr)
        if isinstance(node, ast.Subscript):
            base = self.type_of(node.value)
            return base if isinstance(node.slice, ast.Slice) else _element(base)
        return None

    def _fields(self, node: ast.Attribute) -> Mapping[str, Any]:
        base = self.type_of(node.value)
        fields = getattr(base, "fields", None)
        return dict(fields()) if fields is not None else {}

    def other_fields(self, node: ast.Attribute) -> list[str]:
        """The fields of the same type in the same container, the next one first."""
        fields = self._fields(node)
        names = list(fields)
        if node.attr not in fields:
            return []
        following = names[names.index(node.attr) + 1 :] + names[: names.index(node.attr)]
        return [name for name in following if fields[name] is fields[node.attr]]
