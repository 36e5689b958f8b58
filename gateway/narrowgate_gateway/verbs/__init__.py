"""One module a verb; each hands out `command`, a click command with an example in its help."""
