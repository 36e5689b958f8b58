"""Who may what, as data: pages by user, Open311 by key; the API's table stands with its test.

C-000001 is a lamp's case and so the south's, C-000002 a meter's and so the north's.
"""

USERS = (
    "viewer_north", "viewer_all", "contractor_north", "duty_north", "duty_all", "admin_north", "admin_all",
)  # fmt: skip
PAGES = """
/                      200 200 200 200 200 200 200
/water                 200 200 200 200 200 200 200
/parking               200 200 200 200 200 200 200
/lighting              200 200 200 200 200 200 200
/cases                 200 200 200 200 200 200 200
/commands              200 200 200 200 200 200 200
/commands/nothing      404 404 404 404 404 404 404
/cases/figures         200 200 200 200 200 200 200
/cases/C-000002        200 200 200 200 200 200 200
/cases/C-000001        404 200 404 404 200 404 200
/cases/C-999999        404 404 404 404 404 404 404
/devices/water-0001    200 200 200 200 200 200 200
/devices/parking-0001  404 200 404 404 200 404 200
/devices/nothing       404 404 404 404 404 404 404
/system                403 403 403 200 200 200 200
"""
"""A page, and its status for each of USERS; strangers are led to the sign-in from each."""

KEYS = (
    "nobody", "viewer", "duty_officer", "contractor", "administrator", "other_tenant", "expired",
    "wrong_scope",
)  # fmt: skip
OPEN311 = """
GET    discovery              200 200 200 200 200 200 200 200
GET    services               200 200 200 200 200 200 200 200
GET    services/lamp_out      200 200 200 200 200 200 200 200
GET    services/none          404 404 404 404 404 404 404 404
GET    requests               403 200 200 200 200 200 403 403
GET    requests/C-000001      403 200 200 200 200 404 403 403
GET    requests/C-000002      403 404 404 404 404 404 403 403
GET    tokens/report-0        403 404 404 404 404 404 403 403
GET    servicerequestupdates  403 200 200 200 200 200 403 403
GET    nothing                404 404 404 404 404 404 404 404
POST   requests               403 403 200 403 200 403 403 403
POST   servicerequestupdates  403 403 200 403 200 404 403 403
"""
"""A verb, a path below the root of a server that is open to nobody, and the status for each of KEYS: tokens
with a role's scopes, an administrator's of another tenant, one that has ended, one that scrapes metrics."""

PLUMBING = frozenset(
    {
        "GET /login", "POST /login", "POST /logout", "GET /favicon.ico",
        "GET /api/{path:path}", "GET /open311/{path:path}",
    }
)  # fmt: skip
"""What has no row: signing in and out, and what says that there is nothing."""
