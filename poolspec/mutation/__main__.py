"""`python -m poolspec.mutation`."""

import sys

from poolspec.mutation.commands import parser
from poolspec.output import run
from poolspec.vectors.errors import VectorError


def main() -> int:
    """Run a command; gives the exit status. What is wrong with the input is said in one line."""
    arguments = parser().parse_args()
    try:
        return int(arguments.run(arguments))
    except (VectorError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(run(main))
