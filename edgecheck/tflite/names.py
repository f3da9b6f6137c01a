"""Names out of a file: shown to people, and written by nobody we know."""


def printable(raw: bytes | str) -> str:
    r"""Text without anything that could act on a terminal.

    Bytes that are not UTF-8 become `\xNN`; control, format and other unprintable characters
    (also those that reverse the writing direction) become their Python escapes. Every other
    name comes back as it is.
    """
    text = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else raw
    if text.isprintable():
        return text
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
