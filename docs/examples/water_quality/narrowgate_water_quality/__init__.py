"""Quality of drinking water for Narrowgate: the family and one device."""
