"""Train: the choice and what it will cost on the left; the queue and the open run, always visible, on the right."""

from dataclasses import replace

import streamlit as st

from app.charts.palette import ink
from app.components import explain, guarded_fragment, page_header, words
from app.state import chosen_data, is_dark
from app.views.train_choice import choose_data, choose_models, choose_name, choose_protocols
from app.views.train_cost import start
from app.views.train_form import begin_fields, say_wrong, settings_form
from app.views.train_like import fill_in, is_filled_in
from app.views.train_watch import watch
from app.views.train_whole import whole_assignment
from core.config import TrainConfig, field_named
from core.costs import estimate
from core.errors import UserError
from core.experiments import combinations
from core.plan import Plan, make_plan
from core.progress import in_words
from core.runs import list_runs


@st.cache_resource(ttl=30, max_entries=256, show_spinner=False, hash_funcs={TrainConfig: repr})
def plan_of(config: TrainConfig) -> Plan:
    """The checked plan of a config, read again after half a minute so that changed data is noticed. Configs are told apart by
    their text: Streamlit's own way through fifty fields takes milliseconds, and a page asks for dozens of plans."""
    return make_plan(config)


def choice() -> None:
    """Everything on the left. What is wrong stands beside its field, and nothing can be started as long as it does."""
    if st.session_state.pop("train.started", False):
        st.rerun()  # the whole page: the right side begins to look again by itself
    begin_fields()
    fill_in()
    whole = st.container()  # drawn last: it takes the data and the settings from below
    st.html('<div id="jump-new-training"></div>')
    st.subheader("1 · Data", anchor=False)
    wrong_data = choose_data()
    st.subheader("2 · Models", anchor=False)
    models = choose_models()
    st.subheader("3 · Protocol", anchor=False, help=explain("protocol", "fold", "seed"))
    protocols, folds, seeds, wrong_protocol = choose_protocols()
    place = st.container()
    st.subheader("4 · Settings", anchor=False)
    unpriced: list[TrainConfig] = []
    values, wrong_settings = settings_form(
        models, lambda preset: price(models, protocols, seeds, preset | {"folds": folds}, unpriced))
    plans, impossible = [], None
    if models and not wrong_data + wrong_protocol + wrong_settings:
        try:
            plans = plans_of(models, protocols, seeds, values | {"folds": folds})
        except UserError as error:
            impossible = str(error)
    with place:
        say_wrong(impossible)
    name, add, wrong_name = choose_name("train.own.name", len(plans), "made up from the time")
    with st.container(border=True, key="cost"):
        label = f"Start {len(plans)} runs" if len(plans) > 1 else "Start training"
        start(plans, label, "train.own", name=name, add=add, ready=not wrong_name,
              missing="What this will cost is said here as soon as everything above fits together.", also=unpriced)
    with whole:
        whole_assignment(values, not wrong_data, plan_of)


def plans_of(models: list[str], protocols: list[str], seeds: list[int], settings: dict) -> list[Plan]:
    """A checked plan of every combination. Raises :class:`UserError` where one of them cannot be."""
    return [plan_of(config) for config in combinations(models, protocols, seeds, **chosen_data(), **settings)]


def price(models: list[str], protocols: list[str], seeds: list[int], values: dict, unpriced: list[TrainConfig]) -> str:
    """What the chosen runs would cost with these settings; the empty text where they do not fit or no pace is known (then
    the configs it is wanted for are added to ``unpriced``)."""
    usual = {name: field_named(name).default for name in values} | {"folds": values["folds"]}
    try:
        plans = [replace(plan, config=plan.config.replace(**values | {"folds": plan.config.folds}))
                 for plan in plans_of(models, protocols, seeds, usual)]
    except UserError:  # it is said beside the field it is about
        return ""
    cost = estimate(plans)
    unpriced += cost.unknown
    return f"about {in_words(cost.seconds)}" if plans and cost.seconds is not None else ""


STYLE = """<style>
.st-key-watch [data-stale=true] { opacity: 1 !important; }  /* it looks again every 2 s: nothing blinks */
.st-key-cost { background: %s; }
[class*=st-key-protocol_] [data-testid=stCaptionContainer] { padding-left: 1.5rem; }
#jump-runs, #jump-new-training { scroll-margin-top: 4rem; }
[data-testid=stElementContainer]:has(#jump-runs, #jump-new-training) { position: absolute; }
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
asked = (st.query_params.get("run") or st.query_params.get("experiment")) and not is_filled_in()
run_first = asked or any(run.status.active for run in list_runs())
if run_first:
    st.html(FIRST)
with st.container(key="jump"):  # on a phone only: the other part is a long way down
    st.markdown("[Start another training](#jump-new-training)" if run_first else "[Runs and their curves](#jump-runs)")
left, right = st.columns([5, 6], gap="large")
with right, st.container(key="watch"):  # first: it needs only small files, the splits on the left may take a moment
    watch()
with left:
    guarded_fragment()(choice)()
words("protocol", "fold", "validation", "test", "seed", "epoch", "augmentation", "learning rate", "loss", "parameters", "MACs",
      "attention", "checkpoint")
