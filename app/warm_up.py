"""Import the slow libraries and start a decoder, once, in the background, while the person looks at the first page."""

import gc
import importlib
import logging
import threading

import streamlit as st

from core import decoder_pool
from core.errors import UserError
from core.librosa_guard import COMPILED, import_librosa

SLOW = ("numba", "librosa.util.utils", "librosa.filters", "plotly.graph_objects", "sklearn.metrics", "sklearn.model_selection",
        "torch", "core.checkpoint", "core.mel", "core.report", "optuna.importance", "optuna.visualization")


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Thread:
    """Start the thread, once per server. It calls nothing of Streamlit's."""
    thread = threading.Thread(target=_import_all, name="warm-up", daemon=True)
    thread.start()
    return thread


def _import_all() -> None:
    try:
        decoder_pool.pool.start()
    except UserError as error:  # who then opens a sound is told the same
        logging.getLogger(__name__).warning("warm-up could not start a decoder: %s", error)
    for name in SLOW:
        try:
            import_librosa(name) if name in COMPILED else importlib.import_module(name)
        except ImportError as error:  # the page that needs it says so when it is opened
            logging.getLogger(__name__).warning("warm-up could not import %s: %s", name, error)
    # going through all that these libraries keep takes 0.2 s, in which no page is answered: what is loaded by now stays anyway,
    # so no later collection looks at it again
    gc.collect()
    gc.freeze()
