"""The command line: `palabre serve`, `palabre doctor`, `palabre openapi`."""

import json
import os
import sys
from typing import Annotated

import typer

from palabre.config import BadSettings, load_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def palabre() -> None:
    """Live voice chats of any size in groups and channels, self-hosted."""


@app.command()
def serve() -> None:
    """Serve the API, the web pages and the media. Settings are PALABRE_* environment variables."""
    try:
        settings = load_settings(os.environ)
    except BadSettings as error:
        raise _stop(str(error)) from error
    try:
        # Not before the settings are right: the web framework takes a while to load.
        from palabre.cli.server import CannotStart, run_server
    except ModuleNotFoundError as error:
        if error.name != "palabre._engine":
            raise
        raise _stop("The engine is not built. Run `make run` in the project's folder.") from error
    try:
        run_server(settings)
    except CannotStart as error:
        raise _stop(str(error)) from error


@app.command()
def doctor(
    capacity: Annotated[
        bool, typer.Option("--capacity", help="Measure how many listeners this machine holds.")
    ] = False,
) -> None:
    """Look whether the settings are right; with --capacity, say how many listeners this machine holds."""
    try:
        settings = load_settings(os.environ)
    except BadSettings as error:
        raise _stop(str(error)) from error
    print("The settings can be read.")
    if not capacity:
        return
    from palabre._engine import event_streams_within, measure_send
    from palabre.cli.capacity import MEASURED_S, SEND_LISTENERS, report, this_machine

    print("Measuring for some seconds…", file=sys.stderr)
    send_us = measure_send(SEND_LISTENERS, MEASURED_S)
    print(report(this_machine(send_us, settings.shards, event_streams_within)))


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the HTTP API."""
    from palabre.api.app import described_app

    json.dump(described_app().openapi(), sys.stdout, indent=2, ensure_ascii=False)
    print()


def _stop(why: str) -> typer.Exit:
    print(f"palabre: {why}", file=sys.stderr)
    return typer.Exit(1)
