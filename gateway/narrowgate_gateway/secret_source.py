"""Where a secret of the configuration comes from: a variable of the environment, or a file."""

import os
from pathlib import Path


def secret_text(section: str, what: str, variable: str, file: str) -> str:
    """Give the text that holds a secret.

    Args:
        section: the options', in the words of a fault: `webhook.`, or nothing.
        what: the option without its end: `secret`, `api_key`.
        variable: what `…_env` names; '' for none.
        file: what `…_file` names, where there is no variable.

    Raises:
        ValueError: it cannot be had; names the option, and never shows what it holds.
    """
    named = f"{section}{what}_{'env' if variable else 'file'} = {variable or file}"
    if variable:
        text = os.environ.get(variable)
        if text is None:
            raise ValueError(f"{named}: the environment has no such variable")
        return text
    try:
        return Path(file).read_text("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{named}: not UTF-8") from None
    except OSError as error:
        raise ValueError(f"{named}: {error.strerror}") from None


def secret_line(section: str, what: str, variable: str, file: str) -> str:
    """Give a secret that is one line; '' where neither a variable nor a file is named.

    Raises:
        ValueError: as `secret_text` does, or it is empty or no single printable line.
    """
    if not (variable or file):
        return ""
    line = secret_text(section, what, variable, file).strip()
    if not line or not line.isprintable():
        named = f"{section}{what}_{'env' if variable else 'file'} = {variable or file}"
        raise ValueError(f"{named}: one line that is the {what.replace('_', ' ')}")
    return line
