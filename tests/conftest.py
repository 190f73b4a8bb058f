"""The fixtures `spec`, `state` and `vector`, and what they are parametrised by.

An ordinary run checks the assertions of fillers, under the minimal preset unless `--preset` says
otherwise, with signatures off unless a test is marked `bls`. `poolspec vectors` runs the same tests
with `--vectors-output`: then all declared presets are run, signatures are real unless a test is
marked `no_bls`, and what the tests hand to `vector` is written.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import poolspec
from poolspec.runtime import bls
from poolspec.vectors.checks import signatures_set
from poolspec.vectors.declaring import (
    MARK,
    Declaration,
    DeclarationError,
    SpecKey,
    case_id,
    declare,
)
from poolspec.vectors.errors import VectorError
from poolspec.vectors.implementations import compiled
from poolspec.vectors.inputs import case_inputs, note_inputs
from poolspec.vectors.layout import CaseId, Selection
from poolspec.vectors.recorder import Recorder
from poolspec.vectors.store import Store
from tests.helpers.genesis import genesis_state

# No example has a deadline, which a busy machine would miss.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# The fixtures that open pages in a browser.
pytest_plugins = ["tests.helpers.browser"]

PROPERTY = "vector"
CASE = pytest.StashKey[CaseId]()
KEPT = pytest.StashKey[bool]()
PASSED = pytest.StashKey[bool]()

MARKS = {
    f"{MARK}(runner, handler, forks, presets, suite, case)": "the cases that a test records",
    "forks(*names)": "for tests that record nothing: forks to run under (default: all)",
    "slow": "takes several seconds; `-m 'not slow'` leaves it out",
    "bls": "signatures are always real, and must be checked by who replays the case",
    "no_bls": "signatures are never real, and must not be checked by who replays the case",
    "config(**values)": "configuration values that replace those of the preset",
    "balances(*gwei)": "balances of the validators in `state`",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Choose forks and presets, or write vectors."""
    group = parser.getgroup("poolspec")
    group.addoption("--preset", action="append", default=[], help="preset to run under (minimal)")
    group.addoption("--fork", action="append", default=[], help="fork to run under (all)")
    group.addoption("--vectors-output", default=None, help="folder to write vectors to")
    group.addoption("--vectors-selection", default=None, help="cases to write, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks."""
    for mark, meaning in MARKS.items():
        config.addinivalue_line("markers", f"{mark}: {meaning}")


def pytest_sessionstart(session: pytest.Session) -> None:
    """When writing, note what is imported before it is imported."""
    if _selection(session.config) is not None:
        note_inputs()


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> None:
    """When writing, note a filler before it is imported."""
    if _selection(parent.config) is not None:
        note_inputs(module_path)


def _selection(config: pytest.Config) -> Selection | None:
    """What is to be written; None in an ordinary run."""
    if config.getoption("vectors_output") is None:
        return None
    return Selection.from_json(config.getoption("vectors_selection") or "{}")


def _declaration(node: pytest.Function | Any) -> Declaration | None:
    marks = [mark.kwargs for mark in node.iter_markers(MARK)]
    try:
        return declare(marks, node.nodeid)
    except DeclarationError as error:
        raise pytest.UsageError(str(error)) from error


def spec_keys(config: pytest.Config, node: Any) -> list[SpecKey]:
    """The forks and presets that a test function is run under now."""
    declaration = _declaration(node)
    available = compiled()
    if declaration is not None:
        keys = declaration.spec_keys()
    else:
        mark = node.get_closest_marker("forks")
        forks = mark.args if mark is not None else sorted(available)
        keys = [SpecKey(fork, preset) for fork in forks for preset in ("minimal", "mainnet")]
    keys = [key for key in keys if key.preset in available.get(key.fork, ())]
    selection = _selection(config)
    if selection is not None:
        return [key for key in keys if selection.may_hold(key.preset, key.fork)]
    presets = config.getoption("preset") or ["minimal"]
    forks = config.getoption("fork") or sorted(available)
    return [key for key in keys if key.preset in presets and key.fork in forks]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise `spec`, unless the module does so by itself."""
    if "spec" in metafunc.fixturenames and not hasattr(metafunc.module, "pytest_generate_tests"):
        keys = spec_keys(metafunc.config, metafunc.definition)
        metafunc.parametrize("spec", keys, indirect=True, ids=str)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Work out the case of each test; when writing, leave only those that are selected."""
    selection = _selection(config)
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        case = _case_of_item(item)
        if case is not None:
            item.stash[CASE] = case
        wanted = selection is None or (case is not None and case in selection)
        (kept if wanted else dropped).append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


def _case_of_item(item: pytest.Item) -> CaseId | None:
    callspec = getattr(item, "callspec", None)
    if callspec is None or not isinstance(callspec.params.get("spec"), SpecKey):
        return None
    if "vector" not in getattr(item, "fixturenames", ()):
        return None
    declaration = _declaration(item)
    if declaration is None:
        raise pytest.UsageError(f"{item.nodeid}: uses `vector` without a mark '{MARK}'")
    function = getattr(item, "originalname", item.name)
    try:
        return case_id(declaration, callspec.params["spec"], function, callspec.id)
    except DeclarationError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Do not run a test whose case is there already, made from the same sources."""
    return True if pyfuncitem.stash.get(KEPT, False) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Let the fixtures know whether the test passed."""
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    return report


@pytest.fixture(autouse=True)
def _signatures(request: pytest.FixtureRequest) -> Iterator[None]:
    """Switch signatures as the marks and the kind of run ask for."""
    if "spec" not in request.fixturenames:
        yield
        return
    writing = request.config.getoption("vectors_output") is not None
    always = request.node.get_closest_marker("bls") is not None
    never = request.node.get_closest_marker("no_bls") is not None
    with signatures_set(_BlsHolder, always or (writing and not never)):
        yield


class _BlsHolder:
    """Stands for a spec: all of them share one switch."""

    bls = bls


@pytest.fixture
def spec(request: pytest.FixtureRequest, _signatures: None) -> Any:
    """The compiled fork and preset, with the configuration that the test is marked with."""
    key: SpecKey = request.param
    mark = request.node.get_closest_marker("config")
    if mark is None:
        return poolspec.load(key.fork, key.preset)
    return poolspec.load(key.fork, key.preset, config=mark.kwargs)


@pytest.fixture
def state(spec: Any, request: pytest.FixtureRequest) -> Any:
    """A state at genesis; each test gets its own copy."""
    mark = request.node.get_closest_marker("balances")
    return genesis_state(spec, None if mark is None else mark.args)


@pytest.fixture
def vector(request: pytest.FixtureRequest, spec: Any) -> Iterator[Recorder]:
    """The recorder of the test's case; writes the case after a test that has passed."""
    item = request.node
    case = item.stash[CASE]
    output = request.config.getoption("vectors_output")
    recorder = Recorder(case, writing=output is not None)
    # Of a transition, `meta.yaml` says when the fork takes place.
    if item.get_closest_marker("config") is not None and case.runner != "transition":
        recorder.config(_plain_configuration(spec))
    for mark, setting in (("bls", 1), ("no_bls", 2)):
        if item.get_closest_marker(mark) is not None:
            recorder.meta(bls_setting=setting)
    if output is None:
        yield recorder
        if item.stash.get(PASSED, False):
            recorder.finish()
        return
    store, inputs = Store(Path(output)), case_inputs(case, item.path)
    store.check_free(case)
    item.stash[KEPT] = store.has(case, inputs)
    item.user_properties.append((PROPERTY, str(case)))
    yield recorder
    if item.stash.get(PASSED, False) and not item.stash[KEPT]:
        try:
            store.write(case, recorder.finish(), inputs)
        except OSError as error:
            raise VectorError(str(output), error.strerror or str(error)) from error


def _plain_configuration(spec: Any) -> dict[str, Any]:
    """The whole configuration as YAML values: numbers as they are, bytes in hex."""
    return {name: _plain(value) for name, value in spec.config._asdict().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if hasattr(value, "items"):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value]
