"""A field is told of its own key what Streamlit would tell it of all keys."""

from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.testing.v1 import AppTest

from app.one_key import look_up_one_key


def page() -> None:
    import streamlit as st

    st.session_state.setdefault("kept", 1)
    st.session_state.setdefault("empty", None)
    st.number_input("Empty", value=5, key="empty")
    st.text_input("Full", value="five", key="full")
    st.selectbox("Without a key", ["a", "b"])


def test_what_a_field_is_told_is_what_streamlit_tells():
    look_up_one_key()
    app = AppTest.from_function(page).run()
    assert not app.exception and app.number_input("empty").value is None and app.text_input("full").value == "five"
    app.number_input("empty").set_value(7).run()
    assert app.number_input("empty").value == 7
    safe = app.session_state._state
    told, whole = safe.filtered_state, safe._state.filtered_state
    assert isinstance(safe, SafeSessionState) and told is not whole and dict(told) == whole
    assert {name: told[name] for name in whole} == whole == {"kept": 1, "empty": 7, "full": "five"}
    assert "nothing" not in told and len(told) == 3
