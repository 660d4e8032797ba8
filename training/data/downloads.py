"""Fetching a dataset that is not on the disk yet: in seconds it is clear whether that can work at all."""

import contextlib
import sys
from pathlib import Path
from urllib.parse import urlsplit

from ...zoo.connection import reachable
from .source import DataError

# tensorflow-datasets tries ten times and waits twice as long each time: over three minutes.
TRIES = 4
WEB_PAGE_BYTES = 1024


def fetch(name, argument, builder):
    """Downloads and prepares a dataset of tensorflow-datasets.

    Args:
        name: str, how the source was called, for messages.
        argument: str, the dataset's name.
        builder: its builder.

    Raises:
        DataError: no network, a web page in place of the data, anything else that went wrong; nothing half-finished
            stays behind.
    """
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

    home = Path(builder._data_dir_root)
    downloads = home / "downloads"
    instead = "or train on pictures of your own with --data folder:DIR"
    urls = _missing(builder, downloads)
    if urls and not reachable(_one_a_host(urls)):
        raise DataError(
            f"{name}: received no answer from the network, and {home} holds no prepared {argument!r}, expected one of "
            f"them: connect; or prepare it elsewhere with `tfds build {argument}` and give its folder with --set "
            f"data.data_dir=DIR; {instead}"
        )
    before = set(_temporary(downloads))
    config = tfds.download.DownloadConfig(try_download_gcs=False)
    try:
        with contextlib.redirect_stdout(sys.stderr), _fewer_tries():
            builder.download_and_prepare(download_dir=str(downloads), download_config=config)
    except Exception as error:
        page = _web_page(set(_temporary(downloads)) - before)
        if isinstance(error, NonMatchingChecksumError) or page or "confirmation link" in str(error):
            files = sorted({info.filename for info in (builder.url_infos or {}).values() if info.filename})
            raise DataError(
                f"{name}: received {page or 'a file'} instead of the data, expected the file that tensorflow-datasets "
                f"has registered (Google Drive sends a page when its daily quota is used up): try again tomorrow; or "
                f"fetch {files} by hand, put them into {downloads / 'manual'} and run this again; {instead}"
            ) from error
        if isinstance(error, ImportError):
            raise DataError(f"{name}: received {in_one_line(error)}, expected that package: install it") from error
        raise DataError(
            f"{name}: received an error while fetching it: {in_one_line(error)}; expected prepared data in {home}: "
            f"mend that and run this again, {instead}"
        ) from error
    finally:
        _remove(set(_temporary(downloads)) - before)


def _missing(builder, downloads):
    """Returns the addresses of the files that are not here yet."""
    from tensorflow_datasets.core.download import resource

    def is_here(url, info):
        folder = downloads / builder.name / resource.Resource(url=url).relative_download_dir
        by_hand = downloads / "manual" / (info.filename or "")
        return (folder / resource.get_dl_fname(url, info.checksum)).exists() or by_hand.is_file()

    return [url for url, info in (builder.url_infos or {}).items() if not is_here(url, info)]


def _one_a_host(urls, most=5):
    hosts = {urlsplit(url).netloc: url for url in urls if url.startswith("http")}
    return list(hosts.values())[:most] or ["https://storage.googleapis.com/tfds-data"]


def _temporary(downloads):
    """Returns the folders of downloads that have not been checked yet."""
    return [path for pattern in ("*.tmp.*", "*/*.tmp.*") for path in downloads.glob(pattern)]


def _web_page(folders):
    """Returns a description of a web page among half-finished downloads, or ''."""
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        with open(path, "rb") as file:
            start = file.read(WEB_PAGE_BYTES).lower()
        if b"<html" in start or b"<!doctype" in start:
            return f"a web page of {path.stat().st_size:,} bytes"
    return ""


def _remove(folders):
    for folder in folders:
        for path in folder.rglob("*"):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            folder.rmdir()


@contextlib.contextmanager
def _fewer_tries():
    from tensorflow_datasets.core.download import downloader

    usual, downloader.MAX_RETRIES = downloader.MAX_RETRIES, TRIES
    try:
        yield
    finally:
        downloader.MAX_RETRIES = usual


def in_one_line(error):
    """Returns an error's kind and message without line breaks."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
