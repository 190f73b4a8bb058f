"""For processes of a test: whoever reaches for the network fails, and is noted in a file.

Python imports this module by itself at its start where the folder is on its path. Sockets within
the machine are let through, as processes talk to each other by them.
"""

import os
import sys
from pathlib import Path
from typing import Any

HERE = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "")


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Note and refuse connections and look-ups that leave the machine."""
    if event == "socket.getaddrinfo" or event == "socket.gethostbyname":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else ""
    else:
        return
    shown = host.decode() if isinstance(host, bytes) else host
    if shown is None or shown in HERE:
        return
    with Path(os.environ["POOLSPEC_NOTED"]).open("a") as file:
        file.write(f"{event} {shown}\n")
    raise OSError(f"no network: {event} {shown}")


sys.addaudithook(refuse)
