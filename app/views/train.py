"""Train: the choice and what it will cost on the left; the queue and the open run, always visible, on the right."""

from dataclasses import replace

import streamlit as st

from app.charts.palette import ink
from app.components import css, explain, guarded_fragment, hold_fields, hold_places, page_header, redraw, say_wrong, words
from app.components.frame import begun, escape
from app.state import chosen_data, is_dark
from app.views.train_choice import choose_data, choose_models, choose_name, choose_protocols, chosen_name
from app.views.train_cost import start
from app.views.train_form import COST, FITS, NAME, UNPRICED, WHOLE, settings_form, wrong_settings
from app.views.train_like import fill_in, is_filled_in
from app.views.train_state import (
    begin_fields,
    chosen_folds,
    chosen_models,
    chosen_protocols,
    chosen_seeds,
    in_words_of_the_form,
    values_of_form,
    wrong_protocol,
)
from app.views.train_watch import watch
from app.views.train_whole import whole_assignment
from core.config import TrainConfig, field_named
from core.costs import estimate
from core.datasets import Dataset, configured_dataset
from core.errors import UserError
from core.experiments import combinations
from core.plan import Plan, make_plan
from core.progress import in_words
from core.runs import list_runs

OWN = "train.own"  # begins the keys of the name and the button beneath the settings


@st.cache_resource(ttl=30, max_entries=256, show_spinner=False, hash_funcs={TrainConfig: repr})
def plan_of(config: TrainConfig) -> Plan:
    """The checked plan of a config, read again after half a minute so that changed data is noticed. Configs are told apart by
    their text: Streamlit's own way through fifty fields takes milliseconds, and a page asks for dozens of plans."""
    return make_plan(config, data_of)


@st.cache_resource(ttl=5, max_entries=8, show_spinner=False, hash_funcs={
    TrainConfig: lambda config: (config.dataset, config.label, config.sources, config.limit, config.leave_out)})
def data_of(config: TrainConfig) -> Dataset:
    """The clips of a config, listed once for all the plans that one change asks for."""
    return configured_dataset(config)


def choice() -> None:
    """Everything on the left. What is wrong stands beside its field, and nothing can be started as long as it does. The parts
    are fragments that read what was chosen, and a change draws only those again that it concerns."""
    begin_fields()
    fill_in()
    whole = st.container(key="whole_place")
    whole.empty()  # so that it keeps its place from now on
    st.html('<div id="jump-new-training"></div>')
    st.subheader("1 · Data", anchor=False)
    ready = not choose_data()
    with whole:  # above the data, which it takes
        guarded_fragment(key=WHOLE)(whole_assignment)(ready, plan_of)
    st.subheader("2 · Models", anchor=False)
    choose_models()
    st.subheader("3 · Protocol", anchor=False, help=explain("protocol", "fold", "seed"))
    choose_protocols()
    guarded_fragment(key=FITS)(say_what_does_not_fit)(ready)
    st.subheader("4 · Settings", anchor=False)
    settings_form(price)
    guarded_fragment(key=NAME)(own_name)(ready)
    with st.container(border=True, key="cost"):
        guarded_fragment(key=COST)(own_start)(ready)


def say_what_does_not_fit(ready: bool) -> None:
    """Each field is right, and together they are not. Where the card of the price is always in view, it is said there only."""
    with st.container(key="fits"):
        say_wrong(own_plans(ready)[1])


def own_name(ready: bool) -> None:
    choose_name(OWN, len(own_plans(ready)[0]), on_change=redraw, args=(NAME, COST))


def own_start(ready: bool) -> None:
    """The cost and the button, or why there is none: the field that is wrong may be folded away."""
    plans, unfit = own_plans(ready)
    unfit = unfit or next(iter(wrong_protocol() + wrong_settings()), None)
    name, add, wrong_name = chosen_name(OWN)
    start(plans, f"Start {len(plans)} runs" if len(plans) > 1 else "Start training", OWN, name=name, add=add,
          ready=not wrong_name, missing=f":red[{escape(begun(unfit))}]" if unfit else
          "What this will cost is said here as soon as everything above fits together.",
          also=st.session_state.get(UNPRICED, ()))  # there are none where the presets could not be drawn


def own_plans(ready: bool) -> tuple[list[Plan], str | None]:
    """The checked plans of all that is chosen; none, and perhaps the reason, where something is wrong. ``ready``: whether the
    data can be used."""
    if not (ready and chosen_models()) or wrong_protocol() or wrong_settings():
        return [], None
    try:
        return plans_with(values_of_form() | {"folds": chosen_folds()}), None
    except UserError as error:
        return [], in_words_of_the_form(error)


def plans_with(settings: dict) -> list[Plan]:
    """A checked plan of every chosen combination. Raises :class:`UserError` where one of them cannot be."""
    chosen = combinations(chosen_models(), chosen_protocols(), chosen_seeds()[0], **chosen_data(), **settings)
    return [plan_of(config) for config in chosen]


def price(values: dict) -> tuple[str, tuple[TrainConfig, ...]]:
    """What the chosen runs would cost with these settings, in words, and the configs whose pace is not known; the empty text
    where that is so, or the settings do not fit."""
    usual = {name: field_named(name).default for name in values} | {"folds": chosen_folds()}
    try:
        plans = [replace(plan, config=plan.config.replace(**values | {"folds": plan.config.folds}))
                 for plan in plans_with(usual)]
    except UserError:  # it is said beside the field it is about
        return "", ()
    cost = estimate(plans)
    return f"about {in_words(cost.seconds)}" if plans and cost.seconds is not None else "", cost.unknown


STYLE = """
.st-key-watch [data-stale=true] { opacity: 1 !important; }  /* it looks again every 2 s: nothing blinks */
.st-key-cost { background: %s; }
[class*=st-key-protocol_] [data-testid=stCaptionContainer] { padding-left: 1.5rem; }
#jump-runs, #jump-new-training { scroll-margin-top: 4rem; }  /* what holds them has no width: no jump goes to the side */
[data-testid=stElementContainer]:has(#jump-runs, #jump-new-training) { position: absolute; width: 0; }
@media (min-width: 641px) { [data-testid=stLayoutWrapper]:has(> :is(
  .st-key-jump, .st-key-train-own-jump, .st-key-train-whole-jump)) { display: none; } }
@media (min-width: 900px) {
  [data-testid=stLayoutWrapper]:has(> .st-key-fits) { display: none; }
  [data-testid=stColumn]:has(> div .st-key-watch) { position: sticky; top: 4rem; align-self: flex-start;
    max-height: calc(100vh - 8.5rem); overflow-y: auto; }
  [data-testid=stLayoutWrapper]:has(> .st-key-cost) { position: sticky; bottom: 0; z-index: 2; }
}"""
# where the columns lie under each other, what trains or was asked for by its link comes first
FIRST = "@media (max-width: 640px) { [data-testid=stColumn]:has(> div .st-key-watch) { order: -1; } }"

page_header("Train", "Choose, see what it costs, start. Training goes on when this page is closed.")
css(STYLE % ink(is_dark()).surface)
hold_places({"whole_place": 346}, phone={"whole_place": 546})
hold_fields("chosen_data", "train-whole-epochs", "train-whole-seeds", "train-whole-name", "train-seeds", "train-epochs",
            "train-learning_rate", "train-batch_size", "train-own-name", "train-open",
            ticks=("train-model-", "train-protocol-"))
asked = (st.query_params.get("run") or st.query_params.get("experiment")) and not is_filled_in()
run_first = asked or any(run.status.active for run in list_runs())
if run_first:
    css(FIRST)
with st.container(key="jump"):  # on a phone only (as what train_cost.py says was started): the other part is a long way down
    st.markdown("[Start another training](#jump-new-training)" if run_first else "[Runs and their curves](#jump-runs)")
left, right = st.columns([5, 6], gap="large")
sides = [(left, guarded_fragment()(choice)), (right.container(key="watch"), watch)]
for side, draw in reversed(sides) if run_first else sides:  # from above as they lie on a phone: nothing pushes the other down
    with side:
        draw()
words("protocol", "fold", "validation", "test", "seed", "epoch", "augmentation", "learning rate", "loss", "parameters", "MACs",
      "attention", "checkpoint")
