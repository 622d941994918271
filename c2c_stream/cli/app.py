"""The command line: which commands there are and in which order they are shown."""

import json
import platform

import typer

from c2c_stream import __version__
from c2c_stream.cli.audit import explain, rejections
from c2c_stream.cli.dataset import show, verify
from c2c_stream.cli.dead_letters import dead_letters
from c2c_stream.cli.follow import follow
from c2c_stream.cli.helping import mend
from c2c_stream.cli.ingest import ingest
from c2c_stream.cli.options import JsonOption
from c2c_stream.cli.replay import replay
from c2c_stream.cli.run import EPILOG, HELP, run
from c2c_stream.cli.schemas import schemas
from c2c_stream.cli.serve import serve
from c2c_stream.cli.status import status
from c2c_stream.cli.topics import topics
from c2c_stream.cli.write import write

app = typer.Typer(
    name="c2c",
    help="Turn real Python repositories into executed training and test data for code models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.command(help=HELP, epilog=EPILOG)(run)
app.command()(show)
app.command()(verify)
app.command()(status)
app.command()(rejections)
app.command()(explain)
app.add_typer(dead_letters, name="dead-letters")
app.command()(replay)
app.add_typer(topics, name="topics")
app.add_typer(schemas, name="schemas")
app.command()(ingest)
app.command()(follow)
app.command()(serve)
app.command()(write)


@app.command()
def version(
    json_output: JsonOption = False,
) -> None:
    """Print the version of c2c and of the Python that runs it."""
    if json_output:
        typer.echo(json.dumps({"c2c": __version__, "python": platform.python_version()}))
    else:
        typer.echo(f"c2c {__version__} on Python {platform.python_version()}")


mend(app)
