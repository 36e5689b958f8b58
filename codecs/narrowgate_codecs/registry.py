"""The profiles: those that Narrowgate brings along, one line a device, and those of packages outside.

A package outside hands a Profile to the entry-point group `narrowgate.profiles`. One that cannot be loaded,
is no sound profile or takes a name that is taken stands in FAULTS and costs nobody else anything.
"""

from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from narrowgate_codecs.profile import Profile
from narrowgate_codecs.profiles import (
    acrios_cv_mbus_v1,
    adeunis_pulse_nb_v4,
    adeunis_pulse_v4,
    apator_08_v15,
    apator_162_v5,
    apator_172_v4,
    apator_na1_v20,
    aquascope_aqs_v1,
    arad_sonata_v1,
    axioma_qalcosonic_w1_v1,
    bmeters_hydrodigit_v1,
    bosch_tps110_v1,
    cjt188_water_v2004,
    ctwing_parking_v1,
    decentlab_dl_dlr2_002_v2,
    decentlab_dl_dlr2_010_v2,
    develiot_rwmr_v8,
    diehl_izar_v1,
    dingtek_do200_v1,
    dingtek_do201_v1,
    dingtek_do202_v1,
    dragino_sw3l_nb_v1,
    dragino_sw3l_v1,
    elvaco_cmi61x0_v1,
    en13757_mbus_water_v1,
    en13757_oms_lpwan_water_v1,
    en13757_wmbus_water_v1,
    enless_tx_pulse_v1,
    gwf_lorawan_v2,
    huati_nb_v1,
    huawei_demo_v1,
    imst_range_extender_v1,
    innotas_wireless_v1,
    integra_aquastream_v5,
    jooby_pulse_v1,
    jooby_serial_frame_v1,
    jooby_ultrasound_v1,
    jooby_water_frame_v1,
    kingda_bc95_v1,
    libelium_parking_v2,
    lwm2m_cjt188_v1,
    lwm2m_lamp_v1,
    lwm2m_parking_v1,
    lwm2m_water_meter_v1,
    milesight_em300_di_hall_nb_v1,
    milesight_em300_di_hall_v1,
    milesight_em300_di_nb_v1,
    milesight_em300_di_v1,
    milesight_em400_nb_v1,
    milesight_em400_v1,
    milesight_uc501_nb_v1,
    milesight_uc501_v1,
    milesight_ws558_v1,
    minol_edc_v1,
    movebroad_vd33d_udp_v1,
    movebroad_vd33d_v1,
    nas_cm30xx_v2,
    nas_im30xx_v09,
    nas_ul20xx_v06,
    nas_ul20xx_v10,
    nas_ul20xx_v11,
    nas_um30xx_v4,
    netvox_r718h_v1,
    netvox_r719a_v1,
    nwave_ncc405_v1,
    nwave_nps310_v1,
    nwave_nps405_v1,
    pni_placepod_v1,
    quandify_cubicmeter_v11,
    qundis_qwater_v1,
    sensinglabs_senlabm_v1,
    slscorp_volc2180_v1,
    sontex_supercom_v1,
    talkpool_oy1320_v1,
    techem_mkradio3a_v1,
    techem_mkradio_v1,
    tekzitel_tekzipark_v1,
    vision_water_v1,
    watteco_pulse_senso_v1,
    yosensi_yo_v2,
    zane_zlamp_v1,
    zenner_edc_v11,
    zenner_lorawan_v1,
)
from narrowgate_codecs.validate import validated

GROUP = "narrowgate.profiles"

# Sound by the tests: to walk them all once more would cost every process seconds before it is ready.
_profiles: dict[str, Profile] = {
    "acrios_cv_mbus_v1": acrios_cv_mbus_v1.PROFILE,
    "adeunis_pulse_nb_v4": adeunis_pulse_nb_v4.PROFILE,
    "adeunis_pulse_v4": adeunis_pulse_v4.PROFILE,
    "apator_08_v15": apator_08_v15.PROFILE,
    "apator_162_v5": apator_162_v5.PROFILE,
    "apator_172_v4": apator_172_v4.PROFILE,
    "apator_na1_v20": apator_na1_v20.PROFILE,
    "aquascope_aqs_v1": aquascope_aqs_v1.PROFILE,
    "arad_sonata_v1": arad_sonata_v1.PROFILE,
    "axioma_qalcosonic_w1_v1": axioma_qalcosonic_w1_v1.PROFILE,
    "bmeters_hydrodigit_v1": bmeters_hydrodigit_v1.PROFILE,
    "bosch_tps110_v1": bosch_tps110_v1.PROFILE,
    "cjt188_water_v2004": cjt188_water_v2004.PROFILE,
    "ctwing_parking_v1": ctwing_parking_v1.PROFILE,
    "decentlab_dl_dlr2_002_v2": decentlab_dl_dlr2_002_v2.PROFILE,
    "decentlab_dl_dlr2_010_v2": decentlab_dl_dlr2_010_v2.PROFILE,
    "develiot_rwmr_v8": develiot_rwmr_v8.PROFILE,
    "diehl_izar_v1": diehl_izar_v1.PROFILE,
    "dingtek_do200_v1": dingtek_do200_v1.PROFILE,
    "dingtek_do201_v1": dingtek_do201_v1.PROFILE,
    "dingtek_do202_v1": dingtek_do202_v1.PROFILE,
    "dragino_sw3l_nb_v1": dragino_sw3l_nb_v1.PROFILE,
    "dragino_sw3l_v1": dragino_sw3l_v1.PROFILE,
    "elvaco_cmi61x0_v1": elvaco_cmi61x0_v1.PROFILE,
    "en13757_mbus_water_v1": en13757_mbus_water_v1.PROFILE,
    "en13757_oms_lpwan_water_v1": en13757_oms_lpwan_water_v1.PROFILE,
    "en13757_wmbus_water_v1": en13757_wmbus_water_v1.PROFILE,
    "enless_tx_pulse_v1": enless_tx_pulse_v1.PROFILE,
    "gwf_lorawan_v2": gwf_lorawan_v2.PROFILE,
    "huati_nb_v1": huati_nb_v1.PROFILE,
    "huawei_demo_v1": huawei_demo_v1.PROFILE,
    "imst_range_extender_v1": imst_range_extender_v1.PROFILE,
    "innotas_wireless_v1": innotas_wireless_v1.PROFILE,
    "integra_aquastream_v5": integra_aquastream_v5.PROFILE,
    "jooby_pulse_v1": jooby_pulse_v1.PROFILE,
    "jooby_serial_frame_v1": jooby_serial_frame_v1.PROFILE,
    "jooby_ultrasound_v1": jooby_ultrasound_v1.PROFILE,
    "jooby_water_frame_v1": jooby_water_frame_v1.PROFILE,
    "kingda_bc95_v1": kingda_bc95_v1.PROFILE,
    "libelium_parking_v2": libelium_parking_v2.PROFILE,
    "lwm2m_cjt188_v1": lwm2m_cjt188_v1.PROFILE,
    "lwm2m_lamp_v1": lwm2m_lamp_v1.PROFILE,
    "lwm2m_parking_v1": lwm2m_parking_v1.PROFILE,
    "lwm2m_water_meter_v1": lwm2m_water_meter_v1.PROFILE,
    "milesight_em300_di_hall_nb_v1": milesight_em300_di_hall_nb_v1.PROFILE,
    "milesight_em300_di_hall_v1": milesight_em300_di_hall_v1.PROFILE,
    "milesight_em300_di_nb_v1": milesight_em300_di_nb_v1.PROFILE,
    "milesight_em300_di_v1": milesight_em300_di_v1.PROFILE,
    "milesight_em400_nb_v1": milesight_em400_nb_v1.PROFILE,
    "milesight_em400_v1": milesight_em400_v1.PROFILE,
    "milesight_uc501_nb_v1": milesight_uc501_nb_v1.PROFILE,
    "milesight_uc501_v1": milesight_uc501_v1.PROFILE,
    "milesight_ws558_v1": milesight_ws558_v1.PROFILE,
    "minol_edc_v1": minol_edc_v1.PROFILE,
    "movebroad_vd33d_udp_v1": movebroad_vd33d_udp_v1.PROFILE,
    "movebroad_vd33d_v1": movebroad_vd33d_v1.PROFILE,
    "nas_cm30xx_v2": nas_cm30xx_v2.PROFILE,
    "nas_im30xx_v09": nas_im30xx_v09.PROFILE,
    "nas_ul20xx_v06": nas_ul20xx_v06.PROFILE,
    "nas_ul20xx_v10": nas_ul20xx_v10.PROFILE,
    "nas_ul20xx_v11": nas_ul20xx_v11.PROFILE,
    "nas_um30xx_v4": nas_um30xx_v4.PROFILE,
    "netvox_r718h_v1": netvox_r718h_v1.PROFILE,
    "netvox_r719a_v1": netvox_r719a_v1.PROFILE,
    "nwave_ncc405_v1": nwave_ncc405_v1.PROFILE,
    "nwave_nps310_v1": nwave_nps310_v1.PROFILE,
    "nwave_nps405_v1": nwave_nps405_v1.PROFILE,
    "pni_placepod_v1": pni_placepod_v1.PROFILE,
    "quandify_cubicmeter_v11": quandify_cubicmeter_v11.PROFILE,
    "qundis_qwater_v1": qundis_qwater_v1.PROFILE,
    "sensinglabs_senlabm_v1": sensinglabs_senlabm_v1.PROFILE,
    "slscorp_volc2180_v1": slscorp_volc2180_v1.PROFILE,
    "sontex_supercom_v1": sontex_supercom_v1.PROFILE,
    "talkpool_oy1320_v1": talkpool_oy1320_v1.PROFILE,
    "techem_mkradio3a_v1": techem_mkradio3a_v1.PROFILE,
    "techem_mkradio_v1": techem_mkradio_v1.PROFILE,
    "tekzitel_tekzipark_v1": tekzitel_tekzipark_v1.PROFILE,
    "vision_water_v1": vision_water_v1.PROFILE,
    "watteco_pulse_senso_v1": watteco_pulse_senso_v1.PROFILE,
    "yosensi_yo_v2": yosensi_yo_v2.PROFILE,
    "zane_zlamp_v1": zane_zlamp_v1.PROFILE,
    "zenner_edc_v11": zenner_edc_v11.PROFILE,
    "zenner_lorawan_v1": zenner_lorawan_v1.PROFILE,
}
BUILT_IN: frozenset[str] = frozenset(_profiles)
"""The names that Narrowgate brings along."""

PROFILES: MappingProxyType[str, Profile] = MappingProxyType(_profiles)
"""By name."""


def register(profile: Profile) -> None:
    """Add a profile to those of this process.

    Raises:
        TypeError: it holds something outside the vocabulary; names the place.
        ValueError: it is not sound, or its name is taken.
    """
    sound = validated(profile)
    if sound.name in _profiles:
        raise ValueError(f"{sound.name}: there is a profile of that name")
    _profiles[sound.name] = sound


def _adopted(entry: EntryPoint) -> str | None:
    """Register what an entry point hands out; give what is wrong with it, or None."""
    try:
        register(entry.load())
    except (ImportError, AttributeError, SyntaxError, TypeError, ValueError) as error:
        source = "" if entry.dist is None else f" of {entry.dist.name}"
        return f"{GROUP} {entry.name}{source}: {error}"
    return None


FAULTS: tuple[str, ...] = tuple(
    fault for entry in entry_points(group=GROUP) if (fault := _adopted(entry)) is not None
)
"""What is wrong with the profiles of packages outside, one line each."""
