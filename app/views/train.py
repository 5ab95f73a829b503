"""Train: the choice and what it will cost on the left; the queue and the open run, always visible, on the right."""

from dataclasses import replace
from datetime import datetime
from itertools import product

import streamlit as st

from app.charts.palette import ink
from app.components import explain, guarded_fragment, page_header, show_error, words
from app.state import chosen_data, is_dark
from app.views.train_choice import choose_data, choose_models, choose_protocol
from app.views.train_form import KEEP, begin_fields, key, say_wrong, settings_form
from app.views.train_like import fill_in, forget_filled_in, is_filled_in
from app.views.train_watch import watch
from core.config import TrainConfig, field_named
from core.costs import Cost, estimate, start_trial
from core.errors import UserError
from core.plan import Plan, make_plan
from core.progress import in_words
from core.runs import create_run, launch, list_runs


@st.cache_resource(ttl=30, max_entries=128, show_spinner=False)
def plan_of(config: TrainConfig) -> Plan:
    """The checked plan of a config, read again after half a minute so that changed data is noticed."""
    return make_plan(config)


def choice() -> None:
    """Everything on the left. What is wrong stands beside its field, and nothing can be started as long as it does."""
    if st.session_state.pop("train.started", False):
        st.rerun()  # the whole page: the right side begins to look again by itself
    begin_fields()
    fill_in()
    st.html('<div id="new-training"></div>')
    st.subheader("1 · Data", anchor=False)
    errors = choose_data()
    st.subheader("2 · Models", anchor=False)
    models = choose_models()
    st.subheader("3 · Protocol", anchor=False, help=explain("protocol", "fold", "seed"))
    protocol, seeds, wrong_protocol = choose_protocol()
    place = st.container()
    st.subheader("4 · Settings", anchor=False)
    values, wrong_settings = settings_form(models, lambda preset: price(models, protocol, seeds, preset))
    errors += wrong_protocol + wrong_settings
    experiment = st.text_input("Name of the experiment", key=key("experiment"), placeholder="made up from the time",
                               help="The name that these runs share in Results and in Weights & Biases", **KEEP)
    plans, impossible = [], None
    if models and not errors:
        configs = [TrainConfig(**chosen_data(), model=model, seed=seed, **protocol, **values)
                   for model, seed in product(models, seeds)]
        try:
            plans = [plan_of(config) for config in configs]
        except UserError as error:
            impossible = str(error)
    with place:
        say_wrong(impossible)
    start(plans, experiment)


def price(models: list[str], protocol: dict, seeds: list[int], values: dict) -> str:
    """What the chosen runs would cost with these settings; the empty text where they do not fit or no pace is known."""
    usual = {name: field_named(name).default for name in values}
    try:
        configs = [TrainConfig(**chosen_data(), model=model, seed=seed, **protocol, **usual)
                   for model, seed in product(models, seeds)]
        plans = [replace(plan := plan_of(config), config=plan.config.replace(**values)) for config in configs]
    except UserError:  # it is said beside the field it is about
        return ""
    cost = estimate(plans)
    return f"about {in_words(cost.seconds)}" if plans and cost.seconds is not None else ""


def start(plans: list[Plan], experiment: str) -> None:
    """What it will cost, and the button."""
    cost = st.container(border=True, key="cost")
    with cost:
        costs(plans)
        many = len(plans) > 1
        label = f"Start {len(plans)} runs" if many else "Start training"
        st.button(label, type="primary", icon=":material/play_arrow:", disabled=not plans, width="stretch",
                  on_click=send, args=([plan.config for plan in plans], experiment.strip()))
        if problem := st.session_state.pop("train.not_started", None):
            show_error(problem)


def costs(plans: list[Plan]) -> None:
    """Trainings and minutes; asks again every second while this machine is being measured."""
    waiting = plans and estimate(plans).unknown and st.session_state.get("train.measuring", True)
    guarded_fragment(1 if waiting else None)(_costs)(plans)


def _costs(plans: list[Plan]) -> None:
    if not plans:
        st.caption("What this will cost is said here as soon as everything above fits together.")
        return
    cost = estimate(plans)
    st.markdown(f"**{in_short(cost)}**")
    if cost.unknown and start_trial(cost.unknown[0]):
        st.caption("Measuring how fast this machine trains such a model …")
        st.session_state["train.measuring"] = True
    elif cost.unknown:
        st.caption("How long it takes could not be measured here.")
        st.session_state["train.measuring"] = False
    else:
        st.caption("An estimate, from the pace of such trainings on this machine. Runs wait for one another.")
        if st.session_state.pop("train.measuring", None):
            st.rerun()


def in_short(cost: Cost) -> str:
    """``20 trainings in 5 runs, about 48 min here``."""
    text = f"{cost.trainings} training{'s' * (cost.trainings != 1)}"
    if cost.runs > 1:
        text += f" in {cost.runs} runs"
    return f"{text}, about {in_words(cost.seconds)} here" if cost.seconds is not None else text


def send(configs: list[TrainConfig], experiment: str) -> None:
    """Make the runs, start their processes, and open the first. A callback, so that no press is lost or done twice."""
    if not experiment and len(configs) > 1:
        experiment = f"experiment-{datetime.now():%y%m%d-%H%M%S}"
    try:
        runs = [create_run(config, experiment=experiment or None) for config in configs]
        for run in runs:
            launch(run)
    except UserError as error:
        st.session_state["train.not_started"] = str(error)
    else:
        st.query_params["run"] = runs[0].name
        st.session_state["train.started"] = True
        forget_filled_in()


STYLE = """<style>
.st-key-watch [data-stale=true] { opacity: 1 !important; }  /* it looks again every 2 s: nothing blinks */
.st-key-cost { background: %s; }
#runs, #new-training { scroll-margin-top: 4rem; }
[data-testid=stElementContainer]:has(#runs, #new-training) { position: absolute; }
@media (min-width: 641px) { [data-testid=stLayoutWrapper]:has(> .st-key-jump) { display: none; } }
@media (min-width: 900px) {
  [data-testid=stColumn]:has(> div .st-key-watch) { position: sticky; top: 4rem; align-self: flex-start;
    max-height: calc(100vh - 8.5rem); overflow-y: auto; }
  [data-testid=stLayoutWrapper]:has(> .st-key-cost) { position: sticky; bottom: 0.5rem; z-index: 2; }
}</style>"""
# where the columns lie under each other, what trains or was asked for by its link comes first
FIRST = "<style>@media (max-width: 640px) { [data-testid=stColumn]:has(> div .st-key-watch) { order: -1; } }</style>"

page_header("Train", "Choose, see what it costs, start. Training goes on when this page is closed.")
st.html(STYLE % ink(is_dark()).surface)
asked = st.query_params.get("run") and not is_filled_in()
run_first = asked or any(run.status.active for run in list_runs())
if run_first:
    st.html(FIRST)
with st.container(key="jump"):  # on a phone only: the other part is a long way down
    st.markdown("[Start another training](#new-training)" if run_first else "[Runs and their curves](#runs)")
left, right = st.columns([5, 6], gap="large")
with right, st.container(key="watch"):  # first: it needs only small files, the splits on the left may take a moment
    watch()
with left:
    guarded_fragment()(choice)()
words("protocol", "fold", "validation", "test", "seed", "epoch", "augmentation", "learning rate", "loss", "parameters", "MACs",
      "attention", "checkpoint")
