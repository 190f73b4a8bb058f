"""The lock file of the packages that `make client-check` installs."""

from pathlib import Path

CLIENTS = Path(__file__).resolve().parents[2] / "clients"


def test_the_lock_file_names_no_place_to_download_from() -> None:
    """Packages come from wherever npm is set up to take them, and are known by their hashes."""
    lock = (CLIENTS / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') == lock.count('"node_modules/')
