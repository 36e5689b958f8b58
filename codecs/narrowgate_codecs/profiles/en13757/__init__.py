"""Layers that the EN 13757 profiles share: records and their readings, transport headers, link layers."""

from narrowgate_codecs.profiles.en13757.headers import application
from narrowgate_codecs.profiles.en13757.records import CARRIES, MESSAGES, STATUS_CARRIES, readings, records
from narrowgate_codecs.profiles.en13757.telegrams import telegram

__all__ = ["CARRIES", "MESSAGES", "STATUS_CARRIES", "application", "readings", "records", "telegram"]
