"""Numbers of scenarios, worked out from their series."""

import json
from pathlib import Path

import pytest

from poolspec.proposal import scenarios

SERIES = """\
variant,chain,epoch,finalized_epoch,active_weight,burned,a.bond,b.bond,a.seats,b.seats
5% surplus,pools,0,-2,800,0,3000000000,1000000000,6,4
5% surplus,pools,1,-1,600,0,2000000000,1000000000,5,1
5% surplus,pools,2,-1,700,1500000000,2000000000,500000000,5,3
5% surplus,solo,0,-2,800,0,,,,
5% surplus,solo,1,-1,800,2000000000,,,,
"""


def test_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "scenarios.json"
    monkeypatch.setattr(scenarios, "OUTPUT", output)
    (tmp_path / "outage").mkdir()
    (tmp_path / "outage" / "series.csv").write_text(SERIES)
    assert scenarios.main([str(tmp_path)]) == 0
    numbers = json.loads(output.read_text())["outage"]["numbers"]
    assert {key: number["value"] for key, number in numbers.items()} == {
        "5_surplus.pools.lowest_percent": 75.0,  # 600 of 800
        "5_surplus.pools.longest_lag": 3,  # epoch 2 and -1
        "5_surplus.pools.seats_lost": 4,  # 10 to 6
        "5_surplus.pools.bonds_lost": 1.5,  # 4 ETH to 2.5
        "5_surplus.pools.bonds_lost_percent": 37.5,
        "5_surplus.pools.burned": 1.5,
        "5_surplus.solo.lowest_percent": 100.0,
        "5_surplus.solo.longest_lag": 2,
        "5_surplus.solo.burned": 2.0,
    }


def test_nothing_to_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scenarios.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"{tmp_path}: error: no series.csv in any folder of it\n"


@pytest.mark.parametrize("series", [SERIES.replace("burned", "spent"), SERIES.replace("800", "?")])
def test_no_series(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    series: str,
) -> None:
    monkeypatch.setattr(scenarios, "OUTPUT", tmp_path / "scenarios.json")
    path = tmp_path / "outage" / "series.csv"
    path.parent.mkdir()
    path.write_text(series)
    assert scenarios.main([str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{path}: error: no series that `simulate` writes: ")
    assert not scenarios.OUTPUT.exists()
