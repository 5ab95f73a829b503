"""Sentences of core on a page: with a capital letter, and names as they are."""

import pytest

from app.components.frame import begun


@pytest.mark.parametrize(("sentence", "shown"), [
    ("there is no run called r", "There is no run called r"),
    ("a run of 3 folds", "A run of 3 folds"),
    ("dog.wav has no samples", "dog.wav has no samples"),
    ("earshot expects 5 s", "earshot expects 5 s"),
    ("Epochs expects 1 or more", "Epochs expects 1 or more"),
    ("", ""),
])
def test_a_sentence_begins_with_a_capital_and_a_name_as_it_is(sentence, shown):
    assert begun(sentence) == shown
