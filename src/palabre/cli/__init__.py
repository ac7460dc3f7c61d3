"""The command line: `palabre serve`, `palabre openapi`."""

import json
import os
import sys

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
        from palabre.cli.server import (
            CannotStart,
            run_server,
        )  # the web framework takes half a second to load
    except ModuleNotFoundError as error:
        if error.name != "palabre._engine":
            raise
        print("palabre: The engine is not built. Run `make run` in the project's folder.", file=sys.stderr)
        raise typer.Exit(1) from error
    try:
        run_server(load_settings(os.environ))
    except (BadSettings, CannotStart) as error:
        print(f"palabre: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the HTTP API."""
    from palabre.api.app import described_app

    json.dump(described_app().openapi(), sys.stdout, indent=2, ensure_ascii=False)
    print()
