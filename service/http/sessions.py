"""Sessions of people at the page: a signed cookie that names a key, good for some hours.

The cookie holds neither the key nor its hash. It ends with the key: one that was removed, or made anew under
the same name, is another one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Sequence

from service.keys import Key
from service.settings import Settings

COOKIE = "vitrine_session"
LONGEST = 400


class Sessions:
    """Makes and reads cookies. All processes with one secret understand each other's."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.session_secret.get_secret_value().encode()
        self.seconds = int(settings.session_hours * 3600)

    def cookie_for(self, key: Key) -> str:
        """The value of a new session's cookie."""
        return self._signed(key, int(time.time()) + self.seconds)

    def key_of(self, cookie: str, keys: Sequence[Key]) -> Key | None:
        """The key that a cookie stands for; None if it is forged, over, or the key is gone."""
        name, _, rest = cookie.partition("~")
        until = rest.partition("~")[0]
        if len(cookie) > LONGEST or not (until.isascii() and until.isdigit()) or int(until) <= time.time():
            return None
        key = next((one for one in keys if one.name == name), None)
        if key is None or not hmac.compare_digest(self._signed(key, int(until)).encode(), cookie.encode()):
            return None
        return key

    def _signed(self, key: Key, until: int) -> str:
        """``name~until~signature``; the signature also covers the key's hash."""
        text = f"{key.name}~{until}"
        digest = hmac.new(self._secret, f"session~{text}~{key.digest}".encode(), hashlib.sha256).digest()
        return f"{text}~{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
