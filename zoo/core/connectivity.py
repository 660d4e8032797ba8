"""A connectivity check that answers within seconds."""

import queue
import threading
import time

SECONDS = 8


def reachable(urls, seconds=SECONDS):
    """Returns whether at least one URL responds, with any status code.

    Each URL gets one short attempt. All attempts run in parallel and use the proxies that the environment defines.

    Args:
        urls: list of str.
        seconds: float > 0, total time limit. Default 8.
    """
    results = queue.SimpleQueue()

    def probe(url):
        import requests

        try:
            requests.head(url, timeout=seconds / 2, allow_redirects=False)
            results.put(True)
        except (requests.RequestException, OSError, ValueError):
            results.put(False)

    for url in urls:
        # Daemon threads, because a host name lookup has no time limit of its own.
        threading.Thread(target=probe, args=(url,), daemon=True).start()
    end = time.monotonic() + seconds
    for _ in urls:
        try:
            if results.get(timeout=max(0, end - time.monotonic())):
                return True
        except queue.Empty:
            return False
    return False
