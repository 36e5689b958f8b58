"""Who the devices are: registry, assets with validity, places, tenants."""
