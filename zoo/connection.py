"""Whether the network answers, known within seconds."""

import queue
import threading
import time

SECONDS = 8


def reachable(urls, seconds=SECONDS):
    """Whether any of some addresses answers at all, whatever the answer.

    One short attempt each, at the same time, through the proxies that the environment names.

    Args:
        urls: list of str.
        seconds: float > 0, how long to wait in all. Default 8.
    """
    answers = queue.SimpleQueue()

    def ask(url):
        import requests

        try:
            requests.head(url, timeout=seconds / 2, allow_redirects=False)
            answers.put(True)
        except (requests.RequestException, OSError, ValueError):
            answers.put(False)

    for url in urls:
        # Daemons, left behind if need be: looking up a host's name has no time limit of its own.
        threading.Thread(target=ask, args=(url,), daemon=True).start()
    end = time.monotonic() + seconds
    for _ in urls:
        try:
            if answers.get(timeout=max(0, end - time.monotonic())):
                return True
        except queue.Empty:
            return False
    return False
