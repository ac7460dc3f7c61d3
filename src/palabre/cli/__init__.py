"""The command line: `palabre serve`, `palabre openapi`."""

import json
import sys

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def palabre() -> None:
    """Live voice chats of any size in groups and channels, self-hosted."""


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the HTTP API."""
    from palabre.api.app import described_app  # the web framework takes half a second to load

    json.dump(described_app().openapi(), sys.stdout, indent=2, ensure_ascii=False)
    print()
