"""A field looks up its own key in the session's state, not all of it.

Whenever Streamlit 1.67 draws a field for a number, a text or a choice, it asks for ``filtered_state``, a new dict of all that
the session keeps, only to see whether the field's own key stands there as None. On Train these are fifty fields and a hundred
and fifty keys: an eighth of the time that the page takes. Streamlit has no hook for that, so the property is replaced by one
that gives the same key by key.
"""

from collections.abc import Iterator, Mapping

from streamlit.runtime.state.safe_session_state import SafeSessionState


class AllOrOne(Mapping):
    """What ``filtered_state`` of a session is, key by key."""

    def __init__(self, safe: SafeSessionState):
        self._safe = safe

    def __getitem__(self, key: str):
        with self._safe._lock:
            return self._safe._state[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())

    def __repr__(self) -> str:
        return repr(self._whole())

    def _whole(self) -> dict:
        with self._safe._lock:
            return self._safe._state.filtered_state


def look_up_one_key() -> None:
    """From here on, in this process; calling it again does nothing."""
    SafeSessionState.filtered_state = property(AllOrOne)
