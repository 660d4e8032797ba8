"""Downloads of tensorflow-datasets that fail within seconds, with instructions, where the network is unreachable."""

import contextlib
import sys
from pathlib import Path
from urllib.parse import urlsplit

from ...zoo.core.connectivity import reachable
from ...zoo.core.progress import log_activity
from .data_error import DataError

# tensorflow-datasets tries ten times with doubling delays: over three minutes.
MAX_RETRIES = 4
WEB_PAGE_BYTES = 1024


def fetch(name, argument, builder):
    """Downloads and prepares a dataset of tensorflow-datasets.

    Args:
        name: str, the name of the source, for messages.
        argument: str, the dataset's name.
        builder: the dataset's builder.

    Raises:
        DataError: no network, a web page in place of the data, or any other failure. Incomplete downloads are removed.
    """
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

    home = Path(builder._data_dir_root)
    downloads = home / "downloads"
    instead = "or train on your own images with --data folder:DIR"
    urls = _missing_urls(builder, downloads)
    if urls and not reachable(_one_url_per_host(urls)):
        raise DataError(
            f"{name}: received no answer from the network, and {home} holds no prepared {argument!r}, expected one of "
            f"them: connect; or prepare it elsewhere with `tfds build {argument}` and pass its folder with --set "
            f"data.data_dir=DIR; {instead}"
        )
    before = set(_incomplete(downloads))
    config = tfds.download.DownloadConfig(try_download_gcs=False)
    try:
        with contextlib.redirect_stdout(sys.stderr), _fewer_retries(), _progress_report(argument):
            builder.download_and_prepare(download_dir=str(downloads), download_config=config)
    except Exception as error:
        page = _web_page(set(_incomplete(downloads)) - before)
        if isinstance(error, NonMatchingChecksumError) or page or "confirmation link" in str(error):
            files = sorted({info.filename for info in (builder.url_infos or {}).values() if info.filename})
            raise DataError(
                f"{name}: received {page or 'a file'} instead of the data, expected the file that tensorflow-datasets "
                "has registered (Google Drive sends a web page when its daily quota is exhausted): try again tomorrow; "
                f"or download {files} manually into {downloads / 'manual'} and run this again; {instead}"
            ) from error
        if isinstance(error, ImportError):
            raise DataError(f"{name}: received {in_one_line(error)}, expected that package: install it") from error
        raise DataError(
            f"{name}: received an error while downloading: {in_one_line(error)}; expected prepared data in {home}: "
            f"fix the error and run this again, {instead}"
        ) from error
    finally:
        _remove(set(_incomplete(downloads)) - before)


def _missing_urls(builder, downloads):
    """Returns the URLs of the files that are not on the disk yet."""
    from tensorflow_datasets.core.download import resource

    def exists(url, info):
        folder = downloads / builder.name / resource.Resource(url=url).relative_download_dir
        manual = downloads / "manual" / (info.filename or "")
        return (folder / resource.get_dl_fname(url, info.checksum)).exists() or manual.is_file()

    return [url for url, info in (builder.url_infos or {}).items() if not exists(url, info)]


def _one_url_per_host(urls, max_urls=5):
    hosts = {urlsplit(url).netloc: url for url in urls if url.startswith("http")}
    return list(hosts.values())[:max_urls] or ["https://storage.googleapis.com/tfds-data"]


def _incomplete(downloads):
    """Returns the folders of downloads that have not been verified yet."""
    return [path for pattern in ("*.tmp.*", "*/*.tmp.*") for path in downloads.glob(pattern)]


def _web_page(folders):
    """Returns a description of a web page among incomplete downloads, or ''."""
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
def _progress_report(argument):
    """Shows the bars of tensorflow-datasets on a terminal; elsewhere writes plain lines."""
    from tensorflow_datasets.core.utils import tqdm_utils

    if sys.stderr.isatty():
        yield
        return
    active = tqdm_utils._active
    tqdm_utils.display_progress_bar(False)
    try:
        with log_activity(f"downloading {argument}"):
            yield
    finally:
        tqdm_utils.display_progress_bar(active)


@contextlib.contextmanager
def _fewer_retries():
    from tensorflow_datasets.core.download import downloader

    previous, downloader.MAX_RETRIES = downloader.MAX_RETRIES, MAX_RETRIES
    try:
        yield
    finally:
        downloader.MAX_RETRIES = previous


def in_one_line(error):
    """Returns an error's type and message without line breaks."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
