"""The app's frame: theme, navigation and the six pages. Start it with ``streamlit run app/main.py``."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:  # `streamlit run app/main.py` puts only app/ there
    sys.path.insert(0, ROOT)

import streamlit as st  # noqa: E402

from app import tour  # noqa: E402
from app.components import guard, style, theme_watch  # noqa: E402
from app.components.mends import mend  # noqa: E402
from app.components.shortcuts import shortcuts  # noqa: E402
from app.late_reruns import forget_late_reruns  # noqa: E402
from app.single_press import drop_timers_values  # noqa: E402
from app.state import is_dark  # noqa: E402
from app.warm_up import warm_up  # noqa: E402

PAGES = [
    st.Page("views/home.py", title="Home", icon=":material/home:", default=True),
    st.Page("views/explore.py", title="Explore", icon=":material/graphic_eq:", url_path="explore"),
    st.Page("views/train.py", title="Train", icon=":material/model_training:", url_path="train"),
    st.Page("views/tune.py", title="Tune", icon=":material/tune:", url_path="tune"),
    st.Page("views/results.py", title="Results", icon=":material/monitoring:", url_path="results"),
    st.Page("views/listen.py", title="Listen inside", icon=":material/hearing:", url_path="listen"),
]

forget_late_reruns()
drop_timers_values()
st.set_page_config(page_icon=f"{ROOT}/app/icon.svg", layout="wide")
page = st.navigation(PAGES, position="top")
st.set_page_config(page_title=f"{page.title} · Earshot", page_icon=f"{ROOT}/app/icon.svg", layout="wide")
style(is_dark())
warm_up()
with guard():
    tour.bar(page.url_path)
    page.run()
theme_watch(is_dark())  # what nobody sees comes last: until the rules of the page are there it takes room
shortcuts()
mend()
