"""What the devices of Nordic Automation Systems (NAS) have in common, read in their public codecs."""
