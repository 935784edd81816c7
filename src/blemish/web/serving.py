"""Run a server until it is told to stop."""

import socket
from collections.abc import Callable

import uvicorn

from blemish.errors import UsageError
from blemish.web.app import create_app
from blemish.web.server import ServeSettings, open_server


def serve(settings: ServeSettings, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or a signal; ``say`` is told where, once it can be reached.

    Raises:
        UsageError: it cannot listen there, or see `open_server`.
        BundleError, EngineError: the model cannot be opened.
    """
    with listen(settings) as listener:
        server = make_server(settings)
        say(address_of(settings, listener))
        server.run(sockets=[listener])


def make_server(settings: ServeSettings) -> uvicorn.Server:
    """Give what serves, with all its parts open; see `serve` for what is raised."""
    config = uvicorn.Config(
        create_app(open_server(settings)),
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=75,  # a program that sends one picture every few seconds is not cut off
        proxy_headers=True,
        forwarded_allow_ips="127.0.0.1",
    )
    return uvicorn.Server(config)


def address_of(settings: ServeSettings, listener: socket.socket) -> str:
    """Give where a server can be reached."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listener.getsockname()[1]}/"


def listen(settings: ServeSettings) -> socket.socket:
    """Give the listening socket: taken before anything is opened, so that two do not share data."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"--host {settings.host} --port {settings.port}: cannot listen there "
            f"({error.strerror}); give another port"
        ) from error
    return listener
