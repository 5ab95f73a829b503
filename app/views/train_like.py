"""Duplicate a run as a new launch, or train the best set of a study: ``?like=NAME`` fills in every field of the page Train;
the person presses start."""

import streamlit as st

from app.components import show_error
from app.components.frame import escape
from app.state import choose_dataset
from app.views.train_state import ELSEWHERE, key
from core.catalog import CATALOG, check_model
from core.config import TrainConfig, config_fields
from core.errors import UserError
from core.experiments import is_named
from core.runs import Run, get_run
from core.splits import PROTOCOLS
from core.studies import get_study, is_study
from core.study_folder import Study

LINK, FILLED, PROBLEMS = "like", "train.like", "train.like_problems"  # of the address, and keys of the session's state


def fill_in() -> None:
    """Take the settings of the run or the study that the address names, once, and say so until something is started."""
    if name := st.query_params.pop(LINK, None):
        st.session_state[FILLED], st.session_state[PROBLEMS] = None, []
        try:
            of = get_study(name) if is_study(name) else get_run(name)
            _take(of, of.best_config if isinstance(of, Study) else of.config)
        except UserError as error:
            st.session_state[PROBLEMS] = [str(error)]
        else:
            st.session_state[FILLED] = of.name
    for problem in st.session_state.get(PROBLEMS) or ():
        show_error(problem)
    if st.session_state.get(FILLED):
        st.info(escape(f"Filled in with the settings of {st.session_state[FILLED]}. Change what you like, then start."),
                icon=":material/content_copy:")


def is_filled_in() -> bool:
    """Whether a run is being duplicated."""
    return LINK in st.query_params or bool(st.session_state.get(FILLED))


def forget_filled_in() -> None:
    """What was filled in has been started: say it no longer."""
    st.session_state.pop(FILLED, None)
    st.session_state.pop(PROBLEMS, None)


def _take(of: Run | Study, config: TrainConfig) -> None:
    """Every setting into its field. A data set or a model that is gone is said, and the rest is filled in."""
    problems = st.session_state[PROBLEMS]
    for check in (lambda: choose_dataset(config.dataset, config.label, config.sources), lambda: check_model(config.model)):
        try:
            check()
        except UserError as error:
            problems.append(f"{of.name} cannot be repeated as it was: {error}")
    values = {f.name: getattr(config, f.name) for f in config_fields() if f.name not in ELSEWHERE}
    name = of.experiment if isinstance(of, Run) and is_named(of) else ""
    values |= {"folds": config.folds, "seeds": str(config.seed), "own.name": name}
    values |= {f"own.name.join.{name}": True}  # it is filled in, and said beside the name
    values |= {f"model.{name}": name == config.model for name in CATALOG}
    values |= {f"protocol.{name}": name == config.protocol for name in PROTOCOLS}
    st.session_state.update({key(name): value for name, value in values.items()})
