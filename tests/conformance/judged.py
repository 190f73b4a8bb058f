"""A toy fork in a file, as the compiler would write it, whose functions can be judged."""

import importlib.util
from pathlib import Path
from types import ModuleType

from poolspec.mutation.functions import Place

DOCUMENT = "specs/toy.md"
FIRST_LINE = 101
"""Where the first function would stand in the document."""

HEADER = """\
from tests.conformance.toy import *
from tests.conformance.toy import VoluntaryExit as SignedVoluntaryExit

fork, preset, config = "fulu", "minimal", Configuration()
LIMIT = Uint64(60)
"""

TAKE = '''\
def take(balance: Uint64, amount: Uint64) -> Uint64:
    """Return what is left of a balance."""
    if amount > balance:
        return Uint64(0)
    return Uint64(balance - amount)
'''

PROCESS = '''\
def process_voluntary_exit(state: BeaconState, operation: SignedVoluntaryExit) -> None:
    """Take less than the limit from a balance."""
    assert operation.amount < LIMIT
    state.balances[operation.index] = take(state.balances[operation.index], operation.amount)
'''

PLACES = (
    Place("take", "new", DOCUMENT),
    Place("process_voluntary_exit", "modified", DOCUMENT),
)


def load_toy(folder: Path, *functions: str) -> ModuleType:
    """Write a module of these functions (`TAKE` and `PROCESS` if none are given) and import it."""
    text, entries = HEADER, []
    for function in functions or (TAKE, PROCESS):
        name = function.partition("(")[0].removeprefix("def ")
        first = text.count("\n") + 1
        text += function
        last = text.count("\n")
        entries.append((name, DOCUMENT, FIRST_LINE, FIRST_LINE + last - first, first, last))
    path = folder / "toy_module.py"
    path.write_text(f"{text}SOURCE_MAP = {entries!r}\n")
    spec = importlib.util.spec_from_file_location("toy_module", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
