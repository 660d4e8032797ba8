"""Prints the README's table from the records of `text_to_image.py`: means over seeds, and how far they spread."""

import json

from tables import cell
from text_to_image import FOLDER, GAMES

COLUMNS = {
    "attributes_seen": ".3f",
    "attributes_unseen": ".3f",
    "r_precision": ".3f",
    "fid": ".1f",
    "duplicates": ".3f",
}
TITLES = {
    "shapes": "shapes",
    "shapes-unmatched": "shapes, without wrong captions",
    "emoji-google": "emoji, one vendor",
    "emoji-twitter": "emoji, another vendor",
}


def table():
    """Yields the lines of the table."""
    yield f"| data | seeds | {' | '.join(COLUMNS)} |"
    yield f"| --- | --- |{' --- |' * len(COLUMNS)}"
    for name in GAMES:
        records = [json.loads(path.read_text()) for path in sorted(FOLDER.glob(f"{name}-seed*.json"))]
        for title, key in ((TITLES[name], "last"), (f"{TITLES[name]}: held-out real pictures", "held_out")):
            rows = [record["numbers"][key] for record in records]
            if rows and (key == "last" or name != "shapes-unmatched"):
                cells = [cell([row[c] for row in rows], form) if c in rows[0] else "" for c, form in COLUMNS.items()]
                yield f"| {title} | {len(rows) if key == 'last' else ''} | {' | '.join(cells)} |"


if __name__ == "__main__":
    print("\n".join(table()))
