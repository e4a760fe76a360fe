"""`trading-idp serve`: the connector's web service on one host."""

import typer
import uvicorn

from connector.app import create_app
from connector.cli.session import opened
from connector.migrations import current_revision, head_revision, upgrade

app = typer.Typer()


@app.command("serve")
def serve() -> None:
    """运行连接服务（API与页面）/ run the API and pages until stopped; brings the database up to date first."""
    with opened() as connector, connector.only_instance("connector"):
        if current_revision(connector.database) != head_revision():
            upgrade(connector.database)
        settings = connector.settings
        uvicorn.run(
            create_app(connector), host=settings.bind_host, port=settings.bind_port, log_level="warning", workers=1
        )
