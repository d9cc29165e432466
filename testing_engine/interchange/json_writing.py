"""A pool as our own JSON: the document that an upload takes, with everything that a revision freezes.

Where its questions show media, the file is a zip of the document (`pool.json`) and of the media, under the
addresses that the texts name: brought in again, the same revision with the same hash.
"""

import io
import json
import zipfile
from collections.abc import Mapping

from testing_engine.interchange.exported import PoolContents, Written, missing_media, reported

DOCUMENT = "pool.json"
_OLDEST = (1980, 1, 1, 0, 0, 0)  # a zip's own: the same pool gives the same bytes


def write_json(pool: PoolContents) -> Written:
    document = {
        "name": pool.name,
        "concept_names": list(pool.concept_names),
        "scale": pool.scale,
        "questions": list(pool.rows),
    }
    content = json.dumps(document, ensure_ascii=False, indent=1).encode()
    report = tuple(reported(str(row["id"]), missing_media(row, pool.media)) for row in pool.rows)
    if not pool.media:
        return Written(content, "application/json", "json", report)
    files = {DOCUMENT: content, **{address.lstrip("/"): medium for address, medium in pool.media.items()}}
    return Written(zipped(files), "application/zip", "zip", report)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files as a zip, in their order; media are packed already."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _OLDEST)
            is_text = name.endswith((".json", ".xml"))
            entry.compress_type = zipfile.ZIP_DEFLATED if is_text else zipfile.ZIP_STORED
            archive.writestr(entry, content)
    return made.getvalue()
