"""Draw the page again when the reader changes the theme: figures are drawn on the server, in one theme's ink."""

import streamlit as st

JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const probe = parentElement.querySelector(".probe");
  const [red, green, blue] = getComputedStyle(probe).backgroundColor.match(/[\\d.]+/g).map(Number);
  const dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128;
  if (dark !== data.dark && parentElement.earshotTold !== dark) setTriggerValue("changed", dark);
  parentElement.earshotTold = dark;
}
"""
_component = st.components.v2.component(
    "earshot_theme", html='<span class="probe"></span>', js=JS,
    css=".probe { display: none; background-color: var(--st-background-color); }")


def theme_watch(dark: bool) -> None:
    """Ask for another run, once, where the browser shows another theme than the one that figures were drawn for."""
    with st.container(key="earshot_theme", height=1, border=False):
        _component(key="earshot_theme_watch", data={"dark": dark}, height=1, on_changed_change=lambda: None)
