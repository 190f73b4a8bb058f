"""`python -m poolspec.site`: builds the site, and serves it if asked to."""

import argparse
import os
import sys
from pathlib import Path

from poolspec.output import run
from poolspec.site.building import SiteError, build
from poolspec.site.serving import HERE, server
from pysetup import CompileError

ROOT = Path(__file__).parents[2]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m poolspec.site", description="Build the site of the documents."
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout")
    parser.add_argument("--output", type=Path, help="folder to write (build/site of the checkout)")
    parser.add_argument("--serve", type=int, metavar="PORT", help="serve it afterwards, locally")
    return parser


def main() -> int:
    """Build, then serve; gives the exit status."""
    arguments = _parser().parse_args()
    root: Path = arguments.root.resolve()
    output: Path = arguments.output or root / "build" / "site"
    try:
        build(root, output)
        print(f"{os.path.relpath(output)}/index.html")
        if arguments.serve is not None:
            with server(output, arguments.serve) as serving:
                print(f"http://{HERE}:{serving.server_port}/ (Ctrl-C ends it)", flush=True)
                serving.serve_forever()
    except (SiteError, CompileError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
