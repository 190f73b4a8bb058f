"""Marks, and the cases that tests stand for."""

import pytest

from poolspec.vectors.declaring import DeclarationError, SpecKey, case_id, case_name, declare
from poolspec.vectors.layout import CaseId

MODULE = {"runner": "operations", "handler": "attestation", "forks": ["fulu", "poolbonds"]}
KEY = SpecKey("fulu", "minimal")


def test_the_nearest_mark_wins() -> None:
    declaration = declare([{"handler": "deposit_request", "suite": "s"}, MODULE], "here")
    assert declaration is not None
    assert (declaration.handler, declaration.suite) == ("deposit_request", "s")
    assert [str(key) for key in declaration.spec_keys()] == [
        "fulu-minimal",
        "fulu-mainnet",
        "poolbonds-minimal",
        "poolbonds-mainnet",
    ]


def test_no_mark_is_no_declaration() -> None:
    assert declare([], "here") is None


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ({"runner": "sanity"}, "here: mark 'vectors' needs forks"),
        ({"forks": ["fulu"]}, "needs runner"),
        ({**MODULE, "fork": "fulu"}, "does not know fork"),
        ({**MODULE, "forks": "fulu"}, "'forks' must be a list"),
        ({**MODULE, "presets": "minimal"}, "'presets' must be a list"),
    ],
)
def test_marks_are_checked(mark: dict[str, object], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        declare([mark], "here")


@pytest.mark.parametrize(
    ("function", "parameters", "name"),
    [
        ("test_exit", "fulu-minimal", "exit"),
        ("test_exit", "fulu-minimal-too_old", "exit__too_old"),
        ("test_exit", "too_old-fulu-minimal", "exit__too_old"),
        ("test_exit", "a-fulu-minimal-3", "exit__a_3"),
        ("test_exit", "1.5 ETH-fulu-minimal", "exit__1_5_ETH"),
        ("test_exit", "fulu-minimalistic-fulu-minimal", "exit__fulu_minimalistic"),
    ],
)
def test_names_of_cases(function: str, parameters: str, name: str) -> None:
    assert case_name(function, parameters, KEY) == name


def test_the_case_of_a_test() -> None:
    declaration = declare([MODULE], "here")
    assert declaration is not None
    assert case_id(declaration, KEY, "test_exit", "fulu-minimal") == CaseId(
        "minimal", "fulu", "operations", "attestation", "pyspec_tests", "exit"
    )
    open_handler = declare([{**MODULE, "handler": ""}], "here")
    assert open_handler is not None
    with pytest.raises(DeclarationError, match="needs handler"):
        case_id(open_handler, KEY, "test_exit", "fulu-minimal")
