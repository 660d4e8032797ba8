"""The files of a folder of pictures, found in the same order on every machine."""

import os
import stat


class Listing:
    """What a folder of pictures holds.

    Names are bytes throughout: a file name need not be text.

    Args:
        root: bytes, the folder. Subfolders are looked through, links followed; names beginning with a dot (which
            include macOS's `._*` companions) are left out.
        progress: object with `update(number)`, told about every file found.

    Attributes:
        files: list of (path from the root, size, modification time in ns), sorted by the bytes of the path.
        troubles: list of (path from the root, reason) of what is no file that can be opened.

    Raises:
        OSError: the root cannot be listed.
    """

    def __init__(self, root, progress):
        self.root = root
        self.files, self.troubles = [], []
        self._walk(root, progress)
        self.files.sort()
        self.troubles.sort()

    def _walk(self, root, progress):
        top = os.stat(root)
        folders = [(b"", frozenset({(top.st_dev, top.st_ino)}))]
        while folders:
            prefix, above = folders.pop()
            try:
                with os.scandir(os.path.join(root, prefix)) as entries:
                    entries = [entry for entry in entries if not entry.name.startswith(b".")]
            except OSError as error:
                if not prefix:
                    raise
                self.troubles.append((prefix, f"folder cannot be listed: {error.strerror}"))
                continue
            for entry in entries:
                path = os.path.join(prefix, entry.name)
                identity = self._take(entry, path)
                # A link back to a folder above would go round for ever.
                if identity is not None and identity not in above:
                    folders.append((path, above | {identity}))
            progress.update(len(entries))

    def _take(self, entry, path):
        """Notes a file; returns the identity of a folder, which is still to be looked through."""
        try:
            status = entry.stat()
        except OSError as error:
            self.troubles.append((path, f"cannot be opened: {error.strerror}"))
            return None
        if stat.S_ISDIR(status.st_mode):
            return status.st_dev, status.st_ino
        if stat.S_ISREG(status.st_mode):
            self.files.append((path, status.st_size, status.st_mtime_ns))
        else:
            self.troubles.append((path, "not a regular file"))
        return None

    def classes(self):
        """Returns the names of the first-level subfolders that hold files, or [] if files lie beside them."""
        tops = {path.partition(os.sep.encode())[0] for path, _, _ in self.files}
        return sorted(tops) if all(os.sep.encode() in path for path, _, _ in self.files) else []

    def fingerprint(self):
        """Returns bytes that change with any name, size or modification time."""
        lines = [b"%d %d %s\0" % (size, mtime, path) for path, size, mtime in self.files]
        return b"".join([*lines, b"\0", *(path + b"\0" for path, _ in self.troubles)])
