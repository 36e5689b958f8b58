"""The profiles that Narrowgate brings along: one line a device."""

from types import MappingProxyType

from narrowgate_codecs.profile import Profile
from narrowgate_codecs.profiles import cjt188_water_v2004, huati_nb_v1, pni_placepod_v1
from narrowgate_codecs.validate import validated

PROFILES: MappingProxyType[str, Profile] = MappingProxyType(
    {
        "cjt188_water_v2004": validated(cjt188_water_v2004.PROFILE),
        "huati_nb_v1": validated(huati_nb_v1.PROFILE),
        "pni_placepod_v1": validated(pni_placepod_v1.PROFILE),
    }
)
"""By name."""
