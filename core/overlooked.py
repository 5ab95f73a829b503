"""What of a data set may have been read otherwise than it was meant: from names and the table alone, so it may be asked often.

Names in the sentences are text from outside.
"""

import os
import re
import shlex
import unicodedata
from collections import defaultdict

from core.audio import AUDIO_EXTENSIONS
from core.clips import Dataset, plain
from core.grouping import grouping_columns
from core.readers import PART_NUMBERS, audio_files, class_folders, is_text
from core.wording import count, listed

PARTS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval", "evaluation"}
GROUPS = {"speaker", "subject", "session", "group", "site", "recording", "participant", "patient", "person", "client", "singer",
          "actor", "individual", "location", "place", "station", "track", "song"}
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")  # of a heading: speaker_id, SpeakerID
NUMBERING = {"id", "no", "nr", "number", "name", "code"}


def overlooked(dataset: Dataset) -> list[str]:
    """A sentence for what lies there and is in no class, for what hardly is a class, and for a column that nobody uses."""
    return [*_left_out(dataset), *_parts_for_classes(dataset), *_alike_classes(dataset), *_unused_columns(dataset)]


def sounds_like_groups(column: str) -> str:
    """The word of a heading that names what clips may share (``speaker`` of ``speaker_id``); empty where it names none."""
    words = [word.casefold() for word in WORD.findall(column)]
    told = [word for word in words if word not in NUMBERING]
    return told[0] if len(told) == 1 and told[0] in GROUPS else ""


def named(noun: str, names: list[str]) -> str:
    """``class a has`` or ``4 classes (a, b, c, …) each have``."""
    if len(names) == 1:
        return f"{noun} {names[0]} has"
    more = ", …" if len(names) > 3 else ""
    return f"{count(len(names), noun)} ({', '.join(names[:3])}{more}) each have"


def _left_out(dataset: Dataset) -> list[str]:
    """What lies in a folder of class folders and is in no class."""
    if dataset.layout != "class folders" or not dataset.root.is_dir():
        return []
    used = set(class_folders(dataset.root))
    there = [child for child in sorted(dataset.root.iterdir()) if not child.name.startswith((".", "__MACOSX"))]
    folders = [child for child in there if child.is_dir()]
    loose = sum(child.name.lower().endswith(AUDIO_EXTENSIONS) for child in there if child not in folders)
    apart = [folder for folder in folders if folder not in used]
    deeper = [folder for folder in apart if audio_files(folder)]
    nameless = [name for folder in used for name in os.listdir(folder) if not is_text(name)]
    found = []
    if loose:
        found.append(f"{count(loose, 'sound file')} beside the class folders {'is' if loose == 1 else 'are'} left out")
    for those, way_out in ((deeper, "; move the sounds up that lie further down, or name the class of every file in a "
                                    "metadata.csv with the columns path and label"),
                           ([folder for folder in apart if folder not in deeper], "")):
        if those:
            found.append(f"{named('folder', [plain(folder.name) for folder in those])} no sound file directly inside, and "
                         f"count{'s' * (len(those) == 1)} as no class{way_out}")
    if nameless:
        found.append(f"{count(len(nameless), 'file')} whose name is not written in UTF-8 "
                     f"{'is' if len(nameless) == 1 else 'are'} left out; rename {'it' if len(nameless) == 1 else 'them'}")
    return found


def _parts_for_classes(dataset: Dataset) -> list[str]:
    """One such name may be a class, as a train that passes by is."""
    parts = [name for name in dataset.class_names if name.casefold() in PARTS]
    if dataset.layout != "class folders" or len(parts) < 2:
        return []
    return [f"the folders {listed(parts)} were taken for classes, and sound like parts of a data set; if they are, name the "
            "class of every file in a metadata.csv with the columns path and label, and with a column fold where the parts are "
            f"to stay ({PART_NUMBERS}, under the protocol split)"]


def _alike_classes(dataset: Dataset) -> list[str]:
    alike = defaultdict(list)
    for name in dataset.class_names:
        folded = unicodedata.normalize("NFKC", name).casefold()
        alike["".join(unicodedata.normalize("NFKC", folded).split())].append(name)
    groups = [" = ".join(names) for names in alike.values() if len(names) > 1]
    if not groups:
        return []
    return [f"the names of some classes differ only in capitals, spaces or their coding in Unicode ({'; '.join(groups)}); "
            "if they are one class, spell them alike"]


def _unused_columns(dataset: Dataset) -> list[str]:
    """Columns that seem to say which clips belong together, or to which part, where the table has no column for it."""
    found = []
    if dataset.columns and "source" not in dataset.columns:
        for column, values in grouping_columns(dataset).items():
            if word := sounds_like_groups(column):
                found.append(f"the table has a column {column} ({values:,} values) that is not used; if clips of one {word} "
                             "should stay on one side of every split, choose it: Home, Change, “By a column”, or --sources "
                             f"{shlex.quote(column)}")
    if not dataset.folds:
        for place, column in enumerate(dataset.columns):
            values = {clip.extra[place] for clip in dataset.clips}
            if len(values) > 1 and {value.casefold() for value in values} <= PARTS:
                found.append(f"the table has a column {column} ({', '.join(sorted(values))}) that is not used; for these parts "
                             f"to stay, add a column fold with their numbers ({PART_NUMBERS}) and take the protocol split")
    return found
