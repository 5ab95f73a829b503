"""Facts of every clip (loudness, silence, clipping), decoded in the background so that the page opens at once."""

import threading

import streamlit as st

from core.clips import Dataset
from core.facts import ClipFacts, clip_facts, dataset_key


class Measuring:
    """A data set being decoded by a thread of its own. It calls nothing of Streamlit's."""

    def __init__(self, dataset: Dataset):
        self.facts: list[ClipFacts] | None = None
        self.problem = ""
        self.done, self.total = 0, len(dataset.clips)
        self._thread = threading.Thread(target=self._run, args=(dataset,), name="measuring", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        """Give it a moment: what was kept from last time is there in milliseconds."""
        self._thread.join(seconds)

    def _run(self, dataset: Dataset) -> None:
        try:
            self.facts = clip_facts(dataset, self._count)
        except Exception as error:  # a thread has nobody to raise to: the page shows the sentence
            self.problem = f"the clips could not be measured: {error}"

    def _count(self, done: int, total: int) -> None:
        self.done, self.total = done, total


def measuring(dataset: Dataset) -> Measuring:
    """The measuring of this data set as its files are now, started where it was not."""
    return _measuring(files_key(dataset), dataset)


@st.cache_data(ttl=60, max_entries=16, show_spinner=False)
def _files_key(name: str, root: str, labels: tuple[str, ...], _dataset: Dataset) -> str:
    return dataset_key(_dataset, labels)


def files_key(dataset: Dataset) -> str:
    """A name that changes with the data set's classes and files; asked of the disk once a minute."""
    return _files_key(dataset.name, str(dataset.root), tuple(clip.label for clip in dataset.clips), dataset)


@st.cache_resource(max_entries=8, show_spinner=False)
def _measuring(key: str, _dataset: Dataset) -> Measuring:
    return Measuring(_dataset)
