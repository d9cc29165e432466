"""Plain text files of questions: decoded, and cut into lines with their numbers."""

import re

from testing_engine.interchange.imported import Upload, UploadRefused
from testing_engine.sentences import Sentence, say

LONGEST_FILE = 20_000_000  # bytes
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def decoded(upload: Upload) -> str:
    """UTF-8 with or without its mark, or UTF-16 with it. Another encoding is named, not guessed.

    Raises `UploadRefused`.
    """
    content = upload.content
    if len(content) > LONGEST_FILE:
        raise UploadRefused(say("{name} has more than {most} bytes.", name=upload.name, most=LONGEST_FILE))
    try:
        text = content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(re.findall(rb"\r\n|\r|\n", content[: error.start])) + 1
        raise UploadRefused(
            say("Line {line}: {problem}", line=line, problem=_problem(content, error))
        ) from error
    if "\x00" in text:
        raise UploadRefused(say("{name} is no text.", name=upload.name))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _problem(content: bytes, error: UnicodeDecodeError) -> Sentence:
    advice = say("Save the file as UTF-8.")
    try:
        word = re.split(r"\s", content[error.start : error.start + 20].decode("cp1252"))[0]
    except UnicodeDecodeError:
        return say("this is not UTF-8. {advice}", advice=advice)
    return say(
        "this is not UTF-8. It may be Windows-1252, where “{word}” stands here. {advice}",
        word=word,
        advice=advice,
    )
