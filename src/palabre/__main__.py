"""`python -m palabre` is `palabre`."""

from palabre.cli import app

app()
