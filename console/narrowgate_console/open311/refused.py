"""How Open311 says no: a list of code and description, in the format that was asked for."""

from collections.abc import Sequence

from fastapi.responses import Response

from narrowgate_console.open311.wire import Format, Value, answer

PREFIX = "/open311/"
ROOT = "/open311/v2"


class Refused(Exception):
    """A request that is not answered; says each thing that is wrong with it."""

    def __init__(self, status: int, *descriptions: str, again_in_s: int | None = None) -> None:
        self.status = status
        self.descriptions = descriptions
        self.again_in_s = again_in_s
        """After how long it may be asked again [s]."""
        super().__init__("; ".join(descriptions))


def errors(status: int, descriptions: Sequence[str], path: str) -> Response:
    """Give a refusal in the format that a path asks for; XML, which every server has, if it asks for none."""
    written = Format.JSON if path.endswith(".json") else Format.XML
    told: list[Value] = [{"code": status, "description": description} for description in descriptions]
    return answer("errors", told, written, status)
