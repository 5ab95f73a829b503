"""Colours that screen and report share, each with a shade for light and one for dark grounds.

Ten class colours that colour-blind people can tell apart; a class keeps one hue everywhere.
"""

CLASS_COLOURS = {
    False: ("#332186", "#84b6d7", "#41ac9a", "#0e7a32", "#9b9403",
            "#cbad4d", "#ce4657", "#892356", "#a73fae", "#727981"),
    True: ("#8b77ff", "#7dd8ff", "#61a0a2", "#58ca80", "#b4b31d",
           "#ddda67", "#dd696d", "#c73b7b", "#d284de", "#b7b7c3"),
}
SPLIT_COLOURS = {False: {"train": "#7c8a92", "validation": "#0f6f7c", "test": "#b4552d"},
                 True: {"train": "#93a2aa", "validation": "#4fb3bf", "test": "#e08e67"}}
PROTOCOL_COLOURS = {False: ("#0f6f7c", "#b4552d", "#6a5aa8", "#7d7a2b"), True: ("#4fb3bf", "#e08e67", "#a99be0", "#c2be6a")}
