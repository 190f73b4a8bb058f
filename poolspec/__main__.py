"""`python -m poolspec` is the `poolspec` command."""

import sys

from poolspec.cli import main

sys.exit(main())
