"""What several pages put on the screen: headers, errors, empty states, figures and the player."""

from app.components.frame import (
    css,
    empty_state,
    guard,
    guarded_fragment,
    hold_fields,
    hold_places,
    page_header,
    say_wrong,
    show_error,
    show_figure,
    style,
)
from app.components.player import player
from app.components.redrawing import redraw, with_whole_page
from app.components.rows import picked_row, row_table, table_height
from app.components.theme_watch import theme_watch
from app.components.words import explain, words

__all__ = ["css", "empty_state", "explain", "guard", "guarded_fragment", "hold_fields", "hold_places", "page_header",
           "picked_row", "player", "redraw", "row_table", "say_wrong", "show_error", "show_figure", "style", "table_height",
           "theme_watch", "with_whole_page", "words"]
