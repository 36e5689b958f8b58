"""The city's desk as a server of Open311 GeoReport v2, with FixMyStreet's updates (docs/open311.md).

`routes.router` serves an `Offer`: what is offered, and to whom it is open.
"""

from narrowgate_console.open311.offer import Attribute, DataType, Offer, Offered

__all__ = ["Attribute", "DataType", "Offer", "Offered"]
