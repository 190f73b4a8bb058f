"""Building the site: Sphinx, strictly, and then a look at every link that came out."""

import io
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from warnings import catch_warnings

from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import docutils_namespace, patch_docutils

from poolspec.files import replace_file
from poolspec.site.definitions import load
from poolspec.site.links import dead_links
from poolspec.site.spec_pages import DIFF
from poolspec.specdiff.index import PLACE
from poolspec.specdiff.page import html_page
from poolspec.specdiff.places import SITE
from poolspec.specdiff.report import gather
from poolspec.vectors.errors import VectorError

CONFIGURATION = Path(__file__).parent
MARK = ".poolspec-site"
"""A file in every site that was built here."""

_PLACE = re.compile(r"^(?:(?P<path>.*?):(?:(?P<line>\d+):)? )?(?:WARNING|ERROR|CRITICAL): ")


class SiteError(Exception):
    """The site cannot be built; the message says in one line for each problem where and why."""


def build(root: Path, output: Path) -> None:
    """Build the site of the checkout `root` into the folder `output`, which is replaced whole.

    Raises SiteError or CompileError, and then `output` is what it was. A folder with anything that
    this function has not written is not replaced.
    """
    if output.exists() and not _is_ours(output):
        raise SiteError(
            f"{output}: error: is there and was not written by this command; move it, or write "
            "elsewhere"
        )
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as folder:
        fresh = Path(folder, "pages")
        problems = render(root, fresh, Path(folder, "doctrees"))
        if problems:
            raise SiteError("\n".join(problems))
        (fresh / MARK).touch()
        if output.exists():
            output.rename(Path(folder, "old"))
        fresh.rename(output)


def _is_ours(output: Path) -> bool:
    """Whether a folder is empty, or a site that was built here."""
    return output.is_dir() and ((output / MARK).is_file() or not any(output.iterdir()))


def render(root: Path, pages: Path, doctrees: Path) -> list[str]:
    """Write all pages, and what Sphinx keeps of the documents; return what is wrong with them.

    Raises SiteError or CompileError where there is nothing to write.
    """
    load(root)  # What is wrong with the specifications is said by the compiler, not through Sphinx.
    problems = [*run_sphinx(root, pages, doctrees)]
    if not problems:
        _add_diff(root, pages)
        problems = [*dead_links(pages)]
    return problems


def run_sphinx(root: Path, output: Path, doctrees: Path, builder: str = "html") -> Iterator[str]:
    """Run Sphinx and yield what it warns of, as `path:line: error: …` with the path under root."""
    said = io.StringIO()
    folders = root, CONFIGURATION, output, doctrees
    try:
        # What Sphinx registers with docutils is taken back, so that it can run again. What its
        # parts deprecate of each other is nothing that a document could mend.
        with (
            patch_docutils(CONFIGURATION),
            docutils_namespace(),
            catch_warnings(action="ignore"),
        ):
            Sphinx(*folders, builder, status=None, warning=said).build()
    except SphinxError as error:
        said.write(f"ERROR: {error}\n")
    for line in said.getvalue().splitlines():
        yield _as_error(line, root)


def _as_error(line: str, root: Path) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", line)
    found = _PLACE.match(text)
    if found is None:
        return text
    path = (found["path"] or "").removeprefix(f"{root}/")
    place = ":".join(filter(None, (path, found["line"])))
    return f"{place}: error: {text[found.end() :]}" if place else f"error: {text[found.end() :]}"


def _add_diff(root: Path, site: Path) -> None:
    """Put the page of what the fork changes into the site, with links to the site's own pages."""
    if not (root / PLACE).is_file():
        return
    try:
        replace_file(site / DIFF, html_page(gather(root, SITE, root / PLACE)))
    except VectorError as error:
        raise SiteError(f"error: {error}") from error
