"""The files of an image folder, in the same order on every machine."""

import os
import stat


class FileListing:
    """The regular files below a folder.

    Paths are bytes throughout: a file name need not be valid text.

    Args:
        root: bytes, the folder. Subfolders are searched and links are followed. Names that begin with a dot (which
            include macOS's `._*` companion files) are ignored.
        progress: object with `update(count)`, called with the number of entries of each folder.

    Attributes:
        files: list of (path relative to the root, size, modification time in ns), sorted by the bytes of the path.
        problems: list of (path relative to the root, reason) of entries that cannot be opened as a file.

    Raises:
        OSError: the root cannot be listed.
    """

    def __init__(self, root, progress):
        self.root = root
        self.files, self.problems = [], []
        self._walk(root, progress)
        self.files.sort()
        self.problems.sort()

    def _walk(self, root, progress):
        status = os.stat(root)
        folders = [(b"", frozenset({(status.st_dev, status.st_ino)}))]
        while folders:
            prefix, ancestors = folders.pop()
            try:
                with os.scandir(os.path.join(root, prefix)) as entries:
                    entries = [entry for entry in entries if not entry.name.startswith(b".")]
            except OSError as error:
                if not prefix:
                    raise
                self.problems.append((prefix, f"folder cannot be listed: {error.strerror}"))
                continue
            for entry in entries:
                path = os.path.join(prefix, entry.name)
                identity = self._add(entry, path)
                # A link to an ancestor would recurse forever.
                if identity is not None and identity not in ancestors:
                    folders.append((path, ancestors | {identity}))
            progress.update(len(entries))

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

    def classes(self):
        """Returns the sorted names of the first-level subfolders with files, or [] if there are files outside them."""
        names = {path.partition(os.sep.encode())[0] for path, _, _ in self.files}
        return sorted(names) if all(os.sep.encode() in path for path, _, _ in self.files) else []

    def fingerprint(self):
        """Returns bytes that change with any name, size or modification time."""
        lines = [b"%d %d %s\0" % (size, mtime, path) for path, size, mtime in self.files]
        return b"".join([*lines, b"\0", *(path + b"\0" for path, _ in self.problems)])
