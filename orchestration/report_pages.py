"""The HTML reports where a browser may open them from the Dagster UI.

Browsers refuse links from a page to files of the disk, so `tidycrm ui` serves the reports
folder beside the UI, and a deployment lets its proxy do so. Belongs here: that server, and
the links on the assets. Does not belong here: writing reports.
"""

from __future__ import annotations

import posixpath
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import dagster as dg

from orchestration.assets.publication import PUBLICATION_KEY, QUALITY_KEY

PAGES = {
    PUBLICATION_KEY: {"executive report": "executive.html"},
    QUALITY_KEY: {
        "quality report": "data-quality.html",
        "checks in full": "quality/index.html",
    },
}
"""Pages below the reports folder, by the asset that writes them."""

_SERVED = re.compile(r"/(executive|data-quality|tables)\.html|/quality/.+")
"""Without what is kept of one person, which lies in the same folder."""


def with_links(
    assets: Sequence[dg.AssetsDefinition | dg.AssetSpec], address: str | None
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Link the reports on the assets that write them.

    Args:
        assets: All assets.
        address: Where the reports folder is served; None where it is not.
    """
    if address is None:
        return list(assets)

    def linked(spec: dg.AssetSpec) -> dg.AssetSpec:
        pages = PAGES.get(spec.key)
        if pages is None:
            return spec
        links = {
            label: dg.MetadataValue.url(f"{address.rstrip('/')}/{page}")
            for label, page in pages.items()
        }
        return spec.replace_attributes(metadata={**spec.metadata, **links})

    return [
        linked(each) if isinstance(each, dg.AssetSpec) else each.map_asset_specs(linked)
        for each in assets
    ]


@contextmanager
def served_reports(folder: Path, port: int) -> Iterator[str]:
    """Serve the reports to browsers of this machine while the context lasts.

    Args:
        folder: Of the reports; of what lies in it only the pages for everybody are
            served.
        port: On 127.0.0.1; another one if it is taken.

    Yields:
        The address of the folder.
    """
    handler = partial(_Reports, directory=str(folder))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Reports(SimpleHTTPRequestHandler):
    """Files only, to whoever names this machine: a page elsewhere cannot ask by a name."""

    def send_head(self):  # type: ignore[no-untyped-def]
        host = (self.headers.get("Host") or "").partition(":")[0]
        if host not in ("127.0.0.1", "localhost"):
            self.send_error(403)
            return None
        if not _SERVED.fullmatch(posixpath.normpath(unquote(urlsplit(self.path).path))):
            self.send_error(404)
            return None
        return super().send_head()

    def list_directory(self, path: object) -> None:
        del path
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing: the console belongs to Dagster."""
