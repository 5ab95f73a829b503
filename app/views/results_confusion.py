"""The confusion matrix, and behind each of its cells the clips: listed, most confident first, and played."""

import pandas as pd
import streamlit as st

from app.charts.results import answer_figure, confusion_figure
from app.components import guarded_fragment, picked_row, redraw, show_figure, table_height
from app.components.rows import SIX
from app.state import is_dark
from app.views.results_clip import clip_player, stem
from app.views.results_data import Result, once, once_of
from app.views.results_parts import block
from core.classwise import ALL, TOGETHER, clips_behind, confusion_table, voices
from core.wording import count

CELL, MISTAKES = "results_cell", "mistakes"
THE_MATRIX, THE_CLIPS = "results.matrix", "results.clips"  # keys of parts of the page
HEIGHT = 540


@guarded_fragment()
def confusion_block(result: Result) -> None:
    """Matrix on the left; on the right the clips of the chosen cell, all mistakes while none is chosen."""
    left, right = st.columns([6, 5], gap="large")
    with left:
        heading = st.container()
        voice, share = _controls(result)
        counts = _counts(result, voice)
        with heading, block("Confusion matrix", counts.reset_index(), f"{result.name}-confusion.csv"):
            pass
        guarded_fragment(key=THE_MATRIX)(_matrix)(result, voice, counts, share)
    with right:
        guarded_fragment(key=THE_CLIPS)(_clips)(result, voice, counts)


@once
def _counts(result: Result, voice) -> pd.DataFrame:
    return confusion_table(result.rows(voice), result.class_names)


@once
def _behind(result: Result, voice, cell: tuple[str, str] | None) -> pd.DataFrame:
    return clips_behind(result.rows(voice), result.class_names, *(cell or ()))


@once_of(20)  # that of a hundred classes takes megabytes
def _figure(result: Result, voice, share: bool, cell: tuple[str, str] | None, dark: bool):
    return confusion_figure(_counts(result, voice), share=share, chosen=cell, dark=dark, height=HEIGHT)


@once
def _answer(result: Result, voice, path: str, true: str, dark: bool):
    """What the models gave to each class for one clip."""
    rows = result.rows(voice)
    return answer_figure(rows.loc[rows["path"] == path, list(result.class_names)].mean(), true, dark=dark)


def _controls(result: Result) -> tuple:
    """Whose answers, and whether cells show per cent of their row."""
    options = voices(result.predictions)
    with st.container(horizontal=True):
        share = st.segmented_control("Cells show", ["counts", "row %"], default="counts", required=True,
                                     key="results_share", label_visibility="collapsed") == "row %"
        if len(options) == 1:
            return options[0], share
        voice = st.selectbox("Answers of", options, key=f"results_voice_{result.name}", width=260,
                             label_visibility="collapsed", format_func=lambda option: _voice(option, result))
    return voice, share


def _voice(option, result: Result) -> str:
    if option == ALL:
        several = result.over == "models"
        return "all models, added up" if several else "all folds"
    if option == TOGETHER:
        return "the models together (mean)"
    return f"the model without fold {option}" if result.over == "models" else f"fold {option}"


def _cell(result: Result, counts: pd.DataFrame) -> tuple[str, str] | None:
    """The chosen cell: of this session, else of the link (``?cell=true&cell=predicted``)."""
    key = f"{CELL}_{result.name}"
    if key not in st.session_state:
        asked = tuple(st.query_params.get_all("cell"))
        st.session_state[key] = asked if len(asked) == 2 and set(asked) <= set(counts.index) else MISTAKES
    cell = st.session_state[key]
    if cell == MISTAKES:
        st.query_params.pop("cell", None)
        return None
    st.query_params["cell"] = list(cell)
    return cell


def _matrix(result: Result, voice, counts: pd.DataFrame, share: bool) -> None:
    names, key = list(counts.index), f"results_matrix_{result.name}"

    def choose():
        points = st.session_state[key]["selection"]["points"]
        cell = (names[points[0]["y"]], names[points[0]["x"]]) if points else MISTAKES
        st.session_state[f"{CELL}_{result.name}"] = cell
        redraw(THE_CLIPS, THE_MATRIX)

    show_figure(_figure(result, voice, share, _cell(result, counts), is_dark()), key, on_select=choose,
                selection_mode="points", alt="Confusion matrix, true class on rows; the list beside it names its cells")


def _clips(result: Result, voice, counts: pd.DataFrame) -> None:
    cell = _cell(result, counts)
    clips = _behind(result, voice, cell)
    file_name = f"{result.name}-{'-as-'.join(cell) if cell else 'mistakes'}.csv"
    with block("Clips behind a cell", clips, file_name.replace("/", "-")):
        st.selectbox("Cell", _options(counts, cell), key=f"{CELL}_{result.name}", label_visibility="collapsed",
                     format_func=lambda option: _cell_title(option, counts), on_change=redraw, args=(THE_CLIPS, THE_MATRIX))
        if not len(clips):
            st.caption("No mistake at all." if cell is None else "No clip was answered this way.")
            return
        picked = clips.iloc[_picked(clips, cell, key=f"results_clips_{result.name}_{voice}_{cell}")]
        _one_clip(result, voice, picked)


def _options(counts: pd.DataFrame, cell) -> list:
    """Every mistake, then each cell that holds answers: mistakes first, the most frequent first."""
    cells = [(true, said) for true in counts.index for said in counts.columns if counts.at[true, said]]
    cells.sort(key=lambda pair: (pair[0] == pair[1], -counts.at[pair]))
    return [MISTAKES, *cells, *([cell] if cell and cell not in cells else [])]


def _cell_title(option, counts: pd.DataFrame) -> str:
    if option == MISTAKES:
        return f"all mistakes · {count(int(counts.to_numpy().sum() - sum(counts.at[c, c] for c in counts)), 'answer')}"
    true, said = option
    heard = "heard rightly" if true == said else f"heard as {said}"
    return f"{true} {heard} · {counts.at[true, said]}"


def _picked(clips: pd.DataFrame, cell, *, key: str) -> int:
    """The list with one row selected; position of that row."""
    shown = pd.DataFrame({"Clip": [stem(path) for path in clips["path"]]})
    if cell is None:
        shown["True"], shown["Heard as"] = clips["true"], clips["predicted"]
    shown["Sure"] = 100 * clips["probability"]
    if (clips["of"] > 1).any():
        shown["Models"] = [f"{models} of {of}" for models, of in zip(clips["models"], clips["of"], strict=True)]
    if clips["clip_fold"].nunique() > 1:
        shown["Fold"] = clips["clip_fold"]
    return picked_row(shown, height=table_height(len(shown), SIX), key=key, alt="The clips behind the cell", column_config={
        "Sure": st.column_config.NumberColumn(format="%.0f %%", help="Probability given to the predicted class, "
                                              "a mean over the models that said so"),
        "Models": st.column_config.TextColumn(help="How many of the models said so")})


def _one_clip(result: Result, voice, picked: pd.Series) -> None:
    """The picked clip: its sound, and what the models gave to each class."""
    st.text(f"{stem(picked['path'])}: {picked['true']}, heard as {picked['predicted']}"
            if picked["true"] != picked["predicted"] else f"{stem(picked['path'])}: {picked['true']}, heard rightly")
    clip_player(result, picked["path"], key="results")
    show_figure(_answer(result, voice, picked["path"], picked["true"], is_dark()), "results_answer",
                alt="Probabilities of the likeliest classes for this clip")
