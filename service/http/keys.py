"""The keys as a running service knows them: read again as soon as their file changes."""

from __future__ import annotations

from data.errors import Damaged
from service.keys import Key, KeyFile, key_file
from service.settings import Settings


class CurrentKeys:
    """Keys of one file. To be asked in the event loop: a look at the file's date is all that it costs.

    A key that is removed is refused from the next request on, in every process.
    """

    def __init__(self, file: KeyFile) -> None:
        self._file = file
        self._stamp: tuple[int, ...] | None = None
        self._keys: tuple[Key, ...] = ()

    def now(self) -> tuple[Key, ...]:
        """The keys there are.

        Raises Damaged, also where there were keys and their file is gone: that opens nothing.
        """
        stamp = self._looked_at()
        if stamp is None:
            if self._keys:
                raise Damaged(
                    "the file of the keys is gone: restore it, or start the service anew to do without"
                )
            return ()
        if stamp != self._stamp:
            self._keys = self._file.read()
            self._stamp = stamp
        return self._keys

    def _looked_at(self) -> tuple[int, ...] | None:
        try:
            found = self._file.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Damaged(f"the file of the keys cannot be looked at: {error.strerror}") from None
        return found.st_mtime_ns, found.st_size, found.st_ino


def current_keys(settings: Settings) -> CurrentKeys:
    """Those of the shop that the settings name."""
    return CurrentKeys(key_file(settings.shop, settings.keys_file))
