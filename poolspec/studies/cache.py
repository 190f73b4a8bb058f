"""Results of points, kept by content, so that an interrupted sweep goes on where it stopped."""

import json
from pathlib import Path
from tempfile import NamedTemporaryFile

from poolspec.studies.study import Row

__all__ = ["Cache"]


class Cache:
    """A folder with a file for each result, named after everything that the result depends on."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, which is made when the first result is kept."""
        self.folder = folder

    def get(self, key: str) -> Row | None:
        """Return a kept result, or None. A damaged file counts as none: it is made again."""
        try:
            found = json.loads(self._path(key).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def put(self, key: str, result: Row) -> None:
        """Keep a result; whoever reads meanwhile sees all of it or nothing."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(
            "w", dir=path.parent, prefix=".", delete=False, encoding="utf-8"
        ) as file:
            try:
                json.dump(result, file)
                file.close()
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
