"""The glossary, and the house rule that every figure says what it shows to those who cannot see it."""

import ast
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.components import explain
from app.components.shortcuts import PRESS
from core.glossary import GLOSSARY

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "app").rglob("*.py"))


def calls(name: str):
    for path in PAGES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == name:
                yield path, node


@pytest.mark.parametrize("term", GLOSSARY)
def test_a_term_is_explained_in_one_sentence(term):
    meaning = GLOSSARY[term]
    assert meaning[0].isupper() and meaning.endswith(".") and not re.search(r"[.!?] [A-Z]", meaning)
    assert len(meaning) < 180


def test_the_words_the_issue_names_are_there():
    assert {"F1", "ROC-AUC", "fold", "attention", "CLS"} <= GLOSSARY.keys()


def test_every_word_that_a_page_explains_is_in_the_glossary():
    for name in ("explain", "words"):
        for path, call in calls(name):
            given = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
            assert set(given) <= GLOSSARY.keys(), path


def test_one_term_is_its_sentence_and_several_get_a_line_each():
    assert explain("F1") == GLOSSARY["F1"]
    assert explain("fold", "CLS").splitlines()[::2] == [f"**Fold**: {GLOSSARY['fold']}", f"**CLS**: {GLOSSARY['CLS']}"]


def test_the_foot_of_a_page_lists_its_words():
    def page():
        from app.components import words
        words("fold", "mel")

    app = AppTest.from_function(page).run()
    assert GLOSSARY["mel"] in app.expander[0].markdown[0].value


def test_every_figure_has_a_text_for_those_who_cannot_see_it():
    found = list(calls("show_figure"))
    assert len(found) > 5
    for path, call in found:
        assert "alt" in {word.arg for word in call.keywords}, f"{path}:{call.lineno}"


def test_the_buttons_that_arrows_press_are_on_a_page():
    sources = "".join(path.read_text("utf-8") for path in PAGES)
    for names in PRESS.values():
        for name in names:
            page, _, word = name.partition("_")
            assert re.search(rf'key=f?"{page}_({word}|{{)', sources), name
