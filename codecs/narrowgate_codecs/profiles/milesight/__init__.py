"""What Milesight's sensors have in common: channels, and the envelope in which NB-IoT sensors send them."""
