"""The row engine: from a declaration to the construct that reads and writes its frames."""

from io import BytesIO
from typing import Any

import construct as c

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.channels import ChannelsConstruct
from narrowgate_codecs.described import DescribedConstruct
from narrowgate_codecs.known import NOTHING, Known
from narrowgate_codecs.leaves import (
    CheckConstruct,
    ConstConstruct,
    FactConstruct,
    FillerConstruct,
    ImpliedConstruct,
    LeafConstruct,
    LeftConstruct,
    MarkConstruct,
    PortConstruct,
)
from narrowgate_codecs.lists import ArrayConstruct, DeltasConstruct, RecordsConstruct
from narrowgate_codecs.moments import MomentConstruct
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.regions import (
    BodyConstruct,
    Fields,
    LeadConstruct,
    SizedConstruct,
    SwitchConstruct,
    TailConstruct,
    WhenConstruct,
    read_region,
)
from narrowgate_codecs.resource_lists import ResourcesConstruct
from narrowgate_codecs.scaled import ScaledConstruct, SumConstruct
from narrowgate_codecs.scope import Scope, Wanted
from narrowgate_codecs.soundness import every
from narrowgate_codecs.sums import Sum
from narrowgate_codecs.transforms import EncryptedConstruct, FormatAConstruct
from narrowgate_codecs.varints import VarintConstruct
from narrowgate_codecs.worked_out import Outside, refuse_unsaid
from narrowgate_schema.words import Reason


class Frame(c.Construct):  # type: ignore[misc]
    """A whole frame of one direction: parse gives its Scope, build takes a Wanted's values."""

    def __init__(self, fields: tuple[lay.Element, ...]) -> None:
        super().__init__()
        self.fields = _fields(fields)
        self._outside = Outside(
            tuple(one.name for one in every(fields) if isinstance(one, el.Port)),
            tuple(one.name for one in every(fields) if isinstance(one, el.Fact)),
        )

    def read(self, payload: bytes, known: Known = NOTHING) -> Scope:
        """Read one frame and what is known beside it; FrameRefused if it is none of this layout."""
        scope = Scope(payload, len(payload), known=known)
        self.read_into(scope)
        return scope

    def read_into(self, scope: Scope) -> None:
        """Read the frame of a scope; FrameRefused if it is none of this layout: the scope knows how far."""
        try:
            read_region(self.fields, BytesIO(scope.frame), scope, 0, len(scope.frame))
        except FrameRefused:
            raise
        except c.ConstructError as error:
            raise FrameRefused(Reason.LENGTH, str(error).replace("\n", " ")) from error

    def write(self, wanted: Wanted) -> bytes:
        """Write one frame; ValueError if the values do not make one."""
        stream = BytesIO()
        self.fields._build(None, stream, wanted, "")
        frame = stream.getvalue()
        refuse_unsaid(wanted, frame, self.read, self._outside)
        return frame

    def _parse(self, stream: Any, context: Any, path: str) -> Scope:
        return self.read(stream.read())


_PLAIN: dict[type, Any] = {
    el.Port: PortConstruct,
    el.Left: LeftConstruct,
    el.Fact: FactConstruct,
    el.Implied: ImpliedConstruct,
    el.Const: ConstConstruct,
    el.Filler: FillerConstruct,
    el.Mark: MarkConstruct,
    el.Check: CheckConstruct,
    el.Scaled: ScaledConstruct,
    Sum: SumConstruct,
    lay.Deltas: DeltasConstruct,
    lay.Described: DescribedConstruct,
    el.Varint: VarintConstruct,
    el.Moment: MomentConstruct,
}
_REGIONS: dict[type, Any] = {
    lay.Lead: LeadConstruct,
    lay.Tail: TailConstruct,
    lay.When: WhenConstruct,
    lay.Sized: SizedConstruct,
    lay.Body: BodyConstruct,
    lay.FormatA: FormatAConstruct,
    lay.Encrypted: EncryptedConstruct,
    lay.Array: ArrayConstruct,
    lay.Channels: ChannelsConstruct,
}


def construct_of(element: lay.Element) -> Any:
    """Give the construct that reads and writes an element; dispatch is on its exact type."""
    if isinstance(element, lay.Switch):
        return SwitchConstruct(element, {case.name: _fields(case.fields) for case in lay.cases_of(element)})
    if isinstance(element, lay.Records):
        return RecordsConstruct(element, {case.name: _fields(case.fields) for case in lay.cases_of(element)})
    if isinstance(element, (*lay.OPTIONAL, *lay.REGIONS, lay.Array, lay.Channels)):
        return _REGIONS[type(element)](element, _fields(element.fields))
    if isinstance(element, lay.Resources):
        return ResourcesConstruct(element, _fields(element.inner))
    kind = _PLAIN.get(type(element), LeafConstruct)
    return kind(element)


def _fields(fields: tuple[lay.Element, ...]) -> Fields:
    return Fields([construct_of(field) for field in fields])
