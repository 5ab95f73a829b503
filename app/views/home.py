"""Home: the data, the best model on it, what is running, this machine, and a place to drop a sound."""

import streamlit as st

from app import tour
from app.components import css, guard, guarded_fragment, page_header, words
from app.components.frame import escape
from app.data.opened import opened_dataset
from app.views.disk import disk_panel
from app.views.home_data import data_card
from app.views.listen_choice import TYPES
from app.views.results_parts import in_percent
from core.clips import Dataset
from core.devices import describe_device
from core.limits import max_upload_mb
from core.runs import headline_accuracy, knows_every_class, list_runs
from core.studies import list_studies
from core.wording import count
from core.work_folder import Work

NEEDED = {"dataset", "model", "protocol", "folds", "seed", "epochs", "accuracy"}  # what a summary may lack that was edited
EVERY, SLOWLY = 2, 10  # s between two looks: while something trains, and while nothing does
MEASURED_BY = {
    "assignment": "mean of {folds} models on test fold 1",
    "split": "one model on test fold 1",
    "published": "mean over the {folds} published folds",
    "kfold": "mean over {folds} folds drawn from seed {seed}",
}


def best_card(dataset: Dataset) -> None:
    """The finished run of this data set and its classes with the highest headline accuracy, and how that was measured."""
    st.subheader("Best model here", anchor=False)
    here = [run for run in list_runs() if {*(summary := run.summary or {})} >= NEEDED
            and summary["dataset"] == dataset.name and knows_every_class(run)]
    finished = [run for run in here if {*(run.summary.get("class_names") or dataset.class_names)} == {*dataset.class_names}]
    scored = [(score, run) for run in finished if (score := headline_accuracy(run)) is not None]
    if not scored:
        st.text(f"No model was trained on {dataset.name}{' with these classes' * bool(here)} yet.")
        if st.button("Train the first one", icon=":material/model_training:", type="primary"):
            st.switch_page("views/train.py")
        return
    score, run = max(scored, key=lambda pair: pair[0])
    summary = run.summary
    st.text(summary["model"])
    spread = summary["accuracy"].get("std")
    st.metric("Accuracy", f"{in_percent(score):.1f}" + (f" ± {in_percent(spread):.1f} %" if spread is not None else " %"),
              label_visibility="collapsed")
    how = MEASURED_BY.get(summary["protocol"], summary["protocol"])
    st.caption(escape(how.format(folds=len(summary["folds"]), seed=summary["seed"]).capitalize()
                      + f" · {count(summary['epochs'], 'epoch')} · best of {count(len(scored), 'run')}"))
    there = [pair for pair in scored if pair[1].checkpoints()]
    _, listener = max(there, key=lambda pair: pair[0], default=(0, None))
    if listener not in (run, None):
        st.caption(escape(f"Only its numbers are kept here; in Listen inside {listener.name} answers."))
    with st.container(horizontal=True):
        if st.button("Results", icon=":material/monitoring:"):
            st.switch_page("views/results.py", query_params={"run": run.name})
        if listener and st.button("Listen inside", icon=":material/hearing:"):
            st.switch_page("views/listen.py", query_params={"run": listener.name})


def running_card() -> None:
    """What trains now; it looks again by itself, so that runs which were started elsewhere appear."""
    css(".st-key-home_running [data-stale=true] { opacity: 1 !important; }")  # no blinking
    active = any(work.status.active for work in [*list_runs(), *list_studies()])
    guarded_fragment(EVERY if active else SLOWLY)(_running)(active)


def _running(was_active: bool) -> None:
    active = [work for work in reversed([*list_runs(), *list_studies()]) if work.status.active]
    if opened := st.session_state.pop("home.open", None):
        page, link = opened
        st.switch_page(f"views/{page}.py", query_params=link)
    if bool(active) != was_active:
        st.rerun()
    st.subheader("Running now", anchor=False)
    if not active:
        st.text("Nothing is training.")
        if st.button("Train", icon=":material/model_training:"):
            st.switch_page("views/train.py")
        return
    work = next((work for work in active if work.state != "queued"), active[0])
    _progress(work)
    waiting = len(active) - 1
    if waiting:
        st.caption(f"{waiting} more waiting")
    # a callback: a plain press could be lost when the card looks again at that very moment
    page = "tune" if work.kind == "study" else "train"
    st.button("Open", icon=":material/open_in_full:",
              on_click=lambda: st.session_state.update({"home.open": (page, {work.kind: work.name})}))


def _progress(work: Work) -> None:
    status = work.status
    st.text(work.name)
    st.progress(status.progress, text=escape(status.message))


# in one line, however narrow it is for a moment while it is drawn; a file that was refused stands beneath it
UPLOAD = """@media (min-width: 641px) {
  [data-testid=stMain] .st-key-home_upload:not(:has([data-testid=stFileUploaderFile])) { height: 64px; }
}"""


def drop_a_sound() -> None:
    """An upload goes to Listen inside, which answers it."""
    css(UPLOAD)
    st.space("small")
    st.subheader("Drop a sound here and hear what the model thinks", anchor=False)
    upload = st.file_uploader("A sound", type=TYPES, key="home_upload", max_upload_size=max_upload_mb(),
                              label_visibility="collapsed")
    st.caption("It is answered on the page Listen inside. The file stays on this machine.")
    if upload is not None:
        st.session_state["pending_upload"] = (upload.name, upload.getvalue())
        st.switch_page("views/listen.py")


page_header("Earshot", "Train small listeners, trust their numbers, see what they hear.")
with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    if st.button("Take the two-minute tour", icon=":material/tour:", type="tertiary", key="home_tour"):
        tour.begin()
    st.badge(escape(describe_device()["name"]), icon=":material/memory:", color="gray",
             help="Models train and answer on this device")
with st.spinner("Opening the data set"):  # the demo sounds are made when they are first wanted
    dataset = opened_dataset()
first, second, third = st.columns(3, gap="medium")
with first, st.container(border=True, height="stretch", key="home_data"), guard():
    data_card(dataset)
with second, st.container(border=True, height="stretch", key="home_best"), guard():
    best_card(dataset)
with third, st.container(border=True, height="stretch", key="home_running"), guard():
    running_card()
drop_a_sound()
disk_panel()
words("clip", "recording", "fold", "leak", "accuracy", "standard deviation", "epoch", "seed", "protocol")
