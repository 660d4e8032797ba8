"""The files of an image folder, in the same order on every machine."""

import os
import stat

from ..data_error import DataError
from .own_output import READABLE, folder_kind, own_folder


class FileListing:
    """The regular files below a folder, without what ganzoo wrote there.

    Paths are bytes throughout: a file name need not be valid text.

    Args:
        root: bytes, the folder. Subfolders are searched and links are followed. Names that begin with a dot (which
            include macOS's `._*` companion files) are ignored, and so are folders that ganzoo wrote: runs, exports,
            caches, samples and translations. The root itself may be a folder of samples or translations.
        progress: object with `update(count)`, called with the number of entries of each folder.

    Attributes:
        files: list of (path relative to the root, size, modification time in ns), sorted by the bytes of the path.
        problems: list of (path relative to the root, reason) of entries that cannot be opened as a file.
        own: list of (path relative to the root, kind) of the folders that ganzoo wrote.

    Raises:
        OSError: the root cannot be listed.
        DataError: ganzoo wrote the root, which holds neither samples nor translations.
    """

    def __init__(self, root, progress):
        self.root = root
        self.files, self.problems, self.own = [], [], []
        self._walk(root, progress)
        for paths in (self.files, self.problems, self.own):
            paths.sort()

    def _walk(self, root, progress):
        status = os.stat(root)
        folders = [(b"", frozenset({(status.st_dev, status.st_ino)}))]
        while folders:
            prefix, ancestors = folders.pop()
            try:
                with os.scandir(os.path.join(root, prefix)) as entries:
                    entries = list(entries)
            except OSError as error:
                if not prefix:
                    raise
                self.problems.append((prefix, f"folder cannot be listed: {error.strerror}"))
                continue
            if self._is_own(prefix, {entry.name for entry in entries}):
                continue
            entries = [entry for entry in entries if not entry.name.startswith(b".")]
            for entry in entries:
                path = os.path.join(prefix, entry.name)
                identity = self._add(entry, path)
                # A link to an ancestor would recurse forever.
                if identity is not None and identity not in ancestors:
                    folders.append((path, ancestors | {identity}))
            progress.update(len(entries))

    def _is_own(self, prefix, names):
        """Returns whether ganzoo wrote a folder, and records it."""
        kind = folder_kind(os.path.join(self.root, prefix), names)
        if kind is None or (not prefix and kind in READABLE):
            return False
        if not prefix:
            raise DataError(
                f"data.source: received {os.fsdecode(self.root)!r}, {own_folder(kind)}, expected data: "
                "only samples and translations can be read"
            )
        self.own.append((prefix, kind))
        return True

    def _add(self, entry, path):
        """Records a file. Returns the identity of a folder, which is still to be searched, and None for a file."""
        try:
            status = entry.stat()
        except OSError as error:
            self.problems.append((path, f"cannot be opened: {error.strerror}"))
            return None
        if stat.S_ISDIR(status.st_mode):
            return status.st_dev, status.st_ino
        if stat.S_ISREG(status.st_mode):
            self.files.append((path, status.st_size, status.st_mtime_ns))
        else:
            self.problems.append((path, "not a regular file"))
        return None

    def fingerprint(self):
        """Returns bytes that change with any name, size or modification time."""
        lines = [b"%d %d %s\0" % (size, mtime, path) for path, size, mtime in self.files]
        return b"".join([*lines, b"\0", *(path + b"\0" for path, _ in self.problems)])
