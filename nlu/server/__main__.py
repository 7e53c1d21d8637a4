"""Start the server: `python -m server --socket PATH` or `python -m server --port N --token-file FILE`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import os
import resource
import signal
import socket
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

from quiet_rasa import silence
from server.application import Limits, make_application
from server.model_slot import ModelNotFound, ModelSlot, Parser, find_model

PROJECT = Path(__file__).resolve().parent.parent
SHORTEST_TOKEN = 16


class StartError(Exception):
    """The server cannot start as asked; the message says what to change."""


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Return the checked command line."""
    parser = argparse.ArgumentParser(
        prog="python -m server",
        description="Serve a trained model. Nothing that is asked is kept, printed or sent anywhere.",
    )
    parser.add_argument(
        "--model",
        type=Path,
        default=PROJECT / "models",
        help="a model archive, or a folder: its newest (default: models)",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--socket", type=Path, help="the unix socket to listen on (default: models/nlu.sock), mode 0600")
    where.add_argument("--port", type=int, help="listen on TCP instead; needs --token-file")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")
    parser.add_argument("--token-file", type=Path, help="a file whose first line every client must know")
    parser.add_argument(
        "--home", type=Path, help="where Rasa may write its own files (default: a folder that is removed)"
    )
    parser.add_argument("--max-characters", type=int, default=2000, help="longest text (default: 2000)")
    parser.add_argument(
        "--max-batch", type=int, default=32, help="most texts at once; 1 switches batching off (default: 32)"
    )
    parser.add_argument("--max-waiting", type=int, default=256, help="most texts that wait (default: 256)")
    return parser.parse_args(given)


def read_token(file: Path | None) -> str:
    """Return the token in `file`; raise `StartError` where it is missing or too short to be a secret."""
    if file is None:
        raise StartError("Listening on TCP needs --token-file, because any program here could connect.")
    try:
        token = file.read_text(encoding="ascii").split("\n")[0].strip()
    except (OSError, UnicodeError):
        raise StartError(f"The token file {file} cannot be read as ASCII text.") from None
    if len(token) < SHORTEST_TOKEN:
        raise StartError(f"The token in {file} is shorter than {SHORTEST_TOKEN} characters.")
    return token


def unix_socket(path: Path) -> socket.socket:
    """Return a socket bound to `path` that only this user may open; raise `StartError` where another server listens."""
    if path.exists():
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise StartError(f"{path} exists and is not a socket.")
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except OSError:
                path.unlink()  # left behind by a server that was killed
            else:
                raise StartError(f"Another server listens on {path}.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    previous = os.umask(0o177)
    try:
        listening.bind(str(path))
    except OSError as problem:
        listening.close()
        raise StartError(f"Cannot listen on {path}: {problem.strerror or problem}.") from None
    finally:
        os.umask(previous)
    return listening


def loopback_socket(host: str, port: int) -> socket.socket:
    """Return a socket bound to a loopback address; raise `StartError` for any other."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise StartError("--host must be an IP address of this machine's loopback, such as 127.0.0.1.") from None
    if not address.is_loopback:
        raise StartError(f"{host} can be reached from outside; only loopback addresses are allowed.")
    listening = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as problem:
        listening.close()
        raise StartError(f"Cannot listen on {host}, port {port}: {problem.strerror or problem}.") from None
    return listening


def forget_crashes() -> None:
    """Make sure that a crash shows the kind of the error only: no traceback, no memory image."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def kind_only(kind: object) -> None:
        print(f"unexpected error: {getattr(kind, '__name__', kind)}", file=sys.stderr, flush=True)

    sys.excepthook = lambda kind, error, trace: kind_only(kind)
    sys.unraisablehook = lambda unraisable: kind_only(unraisable.exc_type)
    threading.excepthook = lambda args: kind_only(args.exc_type)


@contextlib.contextmanager
def own_home(wanted: Path | None) -> Iterator[Path]:
    """Yield the folder for Rasa's own files; one that was not asked for is removed afterwards."""
    if wanted is not None:
        yield wanted.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="fyren-nlu-home-") as folder:
        yield Path(folder)


def load(archive: Path) -> Parser:
    """Return the model in `archive`, warmed up.

    Rasa is imported here and not above: only after `silence`, and while the server already answers /health.
    """
    from server.trained_model import TrainedModel

    model = TrainedModel(archive)
    model.parse(["."])  # the first text costs more than the others
    return model


async def serve(options: argparse.Namespace) -> int:
    """Listen at once, load the model beside, answer until SIGTERM or SIGINT; return the exit code."""
    token = None
    if options.port is None:
        path = (options.socket or PROJECT / "models" / "nlu.sock").resolve()
        archive = find_model(options.model)
        listening, shown = unix_socket(path), str(path)
    else:
        path, token = None, read_token(options.token_file)
        archive = find_model(options.model)
        listening = loopback_socket(options.host, options.port)
        shown = f"http://{options.host}:{listening.getsockname()[1]}"

    slot = ModelSlot()
    limits = Limits(text_characters=options.max_characters, batch=options.max_batch, waiting=options.max_waiting)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: None)
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)

    async def loading() -> None:
        started = time.monotonic()
        slot.model = model = await loop.run_in_executor(None, load, archive)
        print(f"ready: {model.model_file} loaded in {time.monotonic() - started:.1f} s", flush=True)

    runner = web.AppRunner(make_application(slot, limits=limits, token=token), access_log=None, shutdown_timeout=3.0)
    await runner.setup()
    exit_code = 0
    try:
        await web.SockSite(runner, listening, backlog=256).start()
        print(f"listening on {shown}", flush=True)
        loaded, stopped = asyncio.create_task(loading()), asyncio.create_task(stop.wait())
        await asyncio.wait({loaded, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if loaded.done() and (problem := loaded.exception()) is not None:
            print(f"the model {archive.name} cannot be loaded: {type(problem).__name__}", file=sys.stderr, flush=True)
            exit_code = 1
        else:
            await stopped
    finally:
        await runner.cleanup()
        if path is not None:
            path.unlink(missing_ok=True)
    print("stopped", flush=True)
    return exit_code


def main() -> int:
    """Start the server and return the exit code."""
    forget_crashes()
    options = arguments()
    with own_home(options.home) as home:
        silence(home)
        tempfile.tempdir = str(home)
        try:
            return asyncio.run(serve(options))
        except (StartError, ModelNotFound) as problem:
            print(problem, file=sys.stderr, flush=True)
            return 2


if __name__ == "__main__":
    sys.exit(main())
