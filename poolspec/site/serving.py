"""The built site on an address of this machine."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = "127.0.0.1"


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files and logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        pass


def server(folder: Path, port: int) -> ThreadingHTTPServer:
    """Return a server of a folder, for this machine only; port 0 takes a free one.

    Raises OSError if the port is taken.
    """
    try:
        return ThreadingHTTPServer((HERE, port), partial(_Quiet, directory=str(folder)))
    except (OSError, OverflowError) as error:
        raise OSError(f"port {port} is taken, or not for everyone: choose another") from error
