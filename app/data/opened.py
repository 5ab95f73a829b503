"""The data set that a page is about, whatever a link or an earlier choice names."""

from app.components import show_error
from app.state import choose_dataset, current_dataset, link_to_data
from core.clips import Dataset
from core.datasets import default_dataset
from core.errors import UserError


def opened_dataset() -> Dataset:
    """The chosen one, which then stands in the address unless it is the usual one. Where it cannot be read that is said, and
    the usual one takes its place."""
    try:
        dataset = current_dataset()
    except UserError as error:  # a wrong link, a folder that is no longer there
        show_error(error)
        dataset = _usual()
    link_to_data()
    return dataset


def _usual() -> Dataset:
    """The default data set; where that cannot be read either, the sounds that are made here."""
    try:
        return choose_dataset(default_dataset())
    except UserError:
        return choose_dataset("demo")
