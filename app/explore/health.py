"""The data set's health in plain words, as soon as every clip has been decoded once."""

import streamlit as st

from app.components import explain, guarded_fragment, show_error
from app.components.frame import escape
from app.measuring import Measuring, files_key
from core.clips import Dataset


def health(dataset: Dataset, measured: Measuring) -> None:
    """Sentences on what is sound and what is not; a progress bar while the clips are being decoded."""
    st.subheader("Health of this data set", anchor=False, help=explain("recording", "leak"))
    if measured.problem:
        show_error(measured.problem)
    elif measured.facts is None:
        _progress(measured)
    else:
        st.markdown("\n".join(f"- {escape(sentence)}" for sentence in _sentences(files_key(dataset), dataset.sources,
                                                                            dataset)))


@guarded_fragment(run_every=1.0)
def _progress(measured: Measuring) -> None:
    """Looks once a second; when all is measured the whole page is drawn again, with loudness and silence."""
    if not measured.running:
        st.rerun()
    st.progress(measured.done / max(1, measured.total),
                f"Listening to every clip once: {measured.done:,} of {measured.total:,}")


@st.cache_data(max_entries=8, show_spinner=False)
def _sentences(key: str, sources: tuple[str, ...], _dataset: Dataset) -> list[str]:
    from core.health import check, sentences

    return sentences(check(_dataset))
