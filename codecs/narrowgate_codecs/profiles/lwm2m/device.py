"""Objects that every LwM2M device may report and that measure nothing for us: they are said, not carried.

Source: OMA LwM2M Technical Specification 1.0, annex E (objects 1, 2 and 3); 65 and 66 are the objects of that
specification's example of object links.
"""

from narrowgate_codecs.resources import Object, Resource

SERVER = Object(
    1,
    (
        Resource(0, "short_server_id", "integer"),
        Resource(1, "lifetime_s", "integer"),
        Resource(2, "default_least_period_s", "integer"),
        Resource(3, "default_greatest_period_s", "integer"),
        Resource(5, "disable_timeout_s", "integer"),
        Resource(6, "stores_notifications", "boolean"),
        Resource(7, "binding", "text"),
    ),
)
ACCESS = Object(
    2,
    (
        Resource(0, "access_object", "integer"),
        Resource(1, "access_instance", "integer"),
        Resource(2, "access_rights", "integer", many=True),
        Resource(3, "access_owner", "integer"),
    ),
)
DEVICE = Object(
    3,
    (
        Resource(0, "manufacturer", "text"),
        Resource(1, "model_number", "text"),
        Resource(2, "serial_number", "text"),
        Resource(3, "firmware_version", "text"),
        Resource(6, "power_source", "integer", many=True),
        Resource(7, "power_source_mv", "integer", many=True),
        Resource(8, "power_source_ma", "integer", many=True),
        Resource(9, "device_battery_pct", "integer"),
        Resource(10, "memory_free_kb", "integer"),
        Resource(11, "error_code", "integer", many=True),
        Resource(13, "current_time", "time"),
        Resource(14, "utc_offset", "text"),
        Resource(15, "device_timezone", "text"),
        Resource(16, "supported_binding", "text"),
        Resource(17, "device_type", "text"),
        Resource(18, "hardware_version", "text"),
        Resource(19, "software_version", "text"),
        Resource(20, "battery_status", "integer"),
        Resource(21, "memory_total_kb", "integer"),
    ),
)
LINKS = Object(
    65,
    (
        Resource(0, "links", "link", many=True),
        Resource(1, "phone_number", "text"),
        Resource(2, "link_number", "integer"),
    ),
)
LINKED = Object(
    66,
    (
        Resource(0, "service", "text"),
        Resource(1, "service_address", "text"),
        Resource(2, "service_link", "link"),
    ),
)

DEVICE_OBJECTS = (DEVICE, SERVER, ACCESS, LINKS, LINKED)
