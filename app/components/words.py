"""The glossary where the words are: a sentence for a ``help=``, and all words of a page at its foot."""

import streamlit as st

from core.glossary import GLOSSARY


def explain(*terms: str) -> str:
    """What the terms mean, as a ``help=`` of a widget, metric or heading; several get a line each."""
    return GLOSSARY[terms[0]] if len(terms) == 1 else "\n\n".join(map(_line, terms))


def words(*terms: str) -> None:
    """The words that stand on the page, folded, for its foot."""
    with st.expander("Words on this page", icon=":material/menu_book:"):
        st.markdown("\n".join(f"- {_line(term)}" for term in terms))


def _line(term: str) -> str:
    return f"**{term[:1].upper() + term[1:]}**: {GLOSSARY[term]}"
