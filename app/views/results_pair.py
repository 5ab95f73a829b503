"""Any two runs side by side: what differs in their settings, whether they can be told apart, and the clips on which
exactly one of them is right, to be listened to."""

import pandas as pd
import streamlit as st

from app.charts.results import answer_figure
from app.components import picked_row, show_error, show_figure, table_height
from app.components.frame import escape
from app.components.rows import SIX
from app.state import is_dark
from app.views.results_choice import COMPARED, lost_run
from app.views.results_clip import clip_player, stem
from app.views.results_data import Result, comparable
from app.views.results_parts import AGAINST, BESIDE, block, in_percent
from core.comparison import ALPHA, Comparison, compare, one_answer_each, p_text, sentence
from core.config import TrainConfig
from core.differences import one_right, setting_differences
from core.finished import recordings
from core.matches import fold_test
from core.runs import by_any_name
from core.wording import count, interval, points

EVERY, FIRST, SECOND = "both", "first", "second"
WRITTEN = "results_pair_written"  # the second run that this page itself put into the address


def pair_block(results: dict[str, Result], chosen: str) -> None:
    """Folded until it is asked for."""
    tested = [name for name, result in results.items() if result.tested]
    for link in (BESIDE, AGAINST):
        asked = st.query_params.get(link)
        if asked and not _linked(link, tested):
            known = by_any_name(asked, results)
            show_error(f"{known} has no answers to test clips, so it cannot stand beside another run." if known else
                       lost_run(asked))
            st.query_params.pop(link)
    if len(tested) < 2:
        return
    if "results_pair" not in st.session_state or st.query_params.get(AGAINST) != st.session_state.get(WRITTEN):
        # a link, or an address that was gone back to in the browser
        st.session_state["results_pair"] = _linked(AGAINST, tested) is not None
    with st.expander("Two runs side by side", icon=":material/compare_arrows:", key="results_pair", on_change="rerun") as panel:
        if not panel.open:
            for link in (BESIDE, AGAINST):
                st.query_params.pop(link, None)
            st.session_state[WRITTEN] = None
            return
        names = _two(results, tested, chosen)
        st.query_params[AGAINST] = st.session_state[WRITTEN] = names[1]
        _write(BESIDE, names[0], chosen)
        if names[0] == names[1]:
            st.caption("Choose two different runs.")
            return
        _side_by_side(*(results[name] for name in names))


def _linked(name: str, tested: list[str]) -> str | None:
    """The run that the address names there, by a former name too."""
    asked = st.query_params.get(name)
    return by_any_name(asked, tested) if asked else None


def _two(results: dict[str, Result], tested: list[str], chosen: str) -> tuple[str, str]:
    """The chosen run (where it was tested) and the best of the others on the same data, of those that are compared where there
    are any, unless the address asks for others."""
    start = _linked(BESIDE, tested) or (chosen if chosen in tested else tested[0])
    others = sorted((name for name in tested if name != start), reverse=True, key=lambda name: (
        results[name].dataset == results[start].dataset, name in st.session_state[COMPARED],
        results[name].protocol == results[start].protocol,
        results[name].metrics["accuracy"]["mean"] or 0))
    second = _linked(AGAINST, tested) or others[0]
    left, right = st.columns(2)
    keys = f"results_first_{chosen}", f"results_second_{chosen}"
    st.session_state.update(zip(keys, (start, second), strict=True))  # the address says what is shown: Back is heeded
    return (left.selectbox("First run", tested, key=keys[0],
                           on_change=lambda: _write(BESIDE, st.session_state[keys[0]], chosen)),
            right.selectbox("Second run", tested, key=keys[1],
                            on_change=lambda: _write(AGAINST, st.session_state[keys[1]], chosen)))


def _write(link: str, name: str, chosen: str) -> None:
    if (link, name) == (BESIDE, chosen):
        st.query_params.pop(link, None)
    else:
        st.query_params[link] = name


def _side_by_side(first: Result, second: Result) -> None:
    comparison = compare({result.name: (result.predictions, result.class_names) for result in (first, second)},
                         next((recordings(run) for run in map(comparable, (first, second)) if run), {}))
    if comparison is None:
        st.caption("These two runs were not tested on the same clips, so only their settings are compared.")
    else:
        _in_words(comparison, first.name, second.name)
        _over_folds(first, second)
    left, right = st.columns(2, gap="large")
    with left:
        _settings(first, second)
    with right:
        if comparison is not None:
            _clips(first, second)


def _in_words(comparison: Comparison, first: str, second: str) -> None:
    """The difference in accuracy, and what McNemar's test says about it."""
    right = {name: round(share * comparison.clips) for name, share in comparison.correct.items()}
    ahead = comparison.correct[first] - comparison.correct[second]
    how = f"{in_percent(abs(ahead)):.1f} percentage points {'more' if ahead > 0 else 'less'}" if ahead else "equally many"
    pair = comparison.pairs[0]
    st.text(f"{first} is right on {right[first]} of the {count(comparison.clips, 'clip')} that both were tested on, "
            f"{second} on {right[second]}: {how}. {_capital(sentence(comparison))}")
    asked = "A run of several models answers with their mean probabilities. " if comparison.pooled else ""
    same = comparison.clips - pair.only_first - pair.only_second
    st.caption(f"Only the first is right on {pair.only_first}, only the second on {pair.only_second}; on the other {same} "
               f"both are right or both wrong, which tells nothing about the difference (McNemar's exact test). {asked}"
               + f"They come from {count(comparison.recordings, 'recording')}; each is won or lost with all of its clips."
               * (comparison.recordings < comparison.clips))


def _over_folds(first: Result, second: Result) -> None:
    """The t-test over folds, with its meaning; where it cannot be made, why."""
    if not (runs := [run for result in (first, second) if (run := comparable(result))])[1:]:
        return
    test, why_not = fold_test(runs[:1], runs[1:])
    if test is None:
        st.caption(escape(f"No t-test over folds: {why_not}."))
        return
    apart = points(abs(test.difference))
    told = (f"{first.name} and {second.name} are on average equally good" if apart == points(0) else
            f"{first.name} is on average {apart} {'better' if test.difference > 0 else 'worse'} than {second.name}")
    means = "more than the folds scatter" if test.p < ALPHA else "no reliable difference beside the scatter of the folds"
    st.text(f"Over the {test.folds} folds {told} (95 % of the difference: {interval(test.low, test.high, 'points')}): {means}, "
            f"{p_text([test.p])}.")
    st.caption(escape("Corrected resampled t-test (Nadeau and Bengio 2003): folds share most of their training clips, so the "
                      "variance is widened."))


def _capital(text: str) -> str:
    """A sentence that begins with a run's name keeps it as it is."""
    return text[0].upper() + text[1:] if text.startswith(("both ", "all ")) else text


def _settings(first: Result, second: Result) -> None:
    unread = [result.name for result in (first, second) if not result.settings]
    rows = [] if unread else setting_differences(*(TrainConfig.from_dict(r.settings) for r in (first, second)))
    table = pd.DataFrame(rows, columns=["setting", "first", "second"])
    with block("Settings that differ", table if rows else None, f"{first.name}-{second.name}-settings.csv"):
        if unread:
            st.caption(escape(f"The settings of {' and '.join(unread)} cannot be read."))
        elif not rows:
            st.caption("None: they were trained alike.")
        else:
            st.dataframe(table, hide_index=True, height=table_height(len(table)), key="results_settings",
                         alt=f"The settings in which {first.name} and {second.name} differ",
                         column_config={"setting": "Setting", "first": first.name, "second": second.name})


def _clips(first: Result, second: Result) -> None:
    """The clips on which they disagree about the truth: listed, the surest mistake first, and played."""
    found = one_right(*((result.predictions, result.class_names) for result in (first, second)))
    with block("Clips that one of them gets right", found if len(found) else None,
               f"{first.name}-{second.name}-clips.csv"):
        if not len(found):
            st.caption("There is none: they are right on the same clips.")
            return
        numbers = found["right"].value_counts()
        titles = {EVERY: f"all · {count(len(found), 'clip')}",
                  **{side: f"only {result.name} is right · {numbers[side]}"
                     for side, result in ((FIRST, first), (SECOND, second)) if side in numbers}}
        side = st.selectbox("Which clips", list(titles), key=f"results_side_{first.name}_{second.name}",
                            format_func=titles.get, label_visibility="collapsed")
        shown = found if side == EVERY else found[found["right"] == side].reset_index(drop=True)
        picked = shown.iloc[_picked(shown, first, second, key=f"results_pair_clips_{first.name}_{second.name}_{side}")]
        st.text(f"{stem(picked['path'])}: {picked['true']}")
        clip_player(first, picked["path"], key="pair")
        for column, result in zip(st.columns(2), (first, second), strict=True):
            with column:
                st.caption(escape(result.name))
                _answer(result, picked)


def _picked(clips: pd.DataFrame, first: Result, second: Result, *, key: str) -> int:
    """The list with one row selected; position of that row."""
    table = pd.DataFrame({"clip": [stem(path) for path in clips["path"]], "true": clips["true"], "first": clips["first"],
                          "second": clips["second"], "sure": 100 * clips["probability"]})
    return picked_row(table, height=table_height(len(table), SIX), key=key, alt="Clips that one run gets right", column_config={
        "first": st.column_config.TextColumn("first says", help=escape(first.name)),
        "second": st.column_config.TextColumn("second says", help=escape(second.name)),
        "sure": st.column_config.NumberColumn("sure", format="%.0f %%", help="Probability that the wrong one gives to its "
                                              "answer")})


def _answer(result: Result, picked: pd.Series) -> None:
    """The run's probabilities for the likeliest classes of one clip."""
    rows, _ = one_answer_each(result.predictions, result.class_names)
    probs = pd.Series(rows.probs[rows.paths == picked["path"]][0], index=list(result.class_names))
    show_figure(answer_figure(probs, picked["true"], dark=is_dark()), f"results_answer_{result.name}",
                alt=f"Probabilities that {result.name} gives to the likeliest classes of this clip")
