"""Figures of whole places over a period: districts of water, zones of parking. Numbers, no findings."""

from narrowgate_rules.figures.balance import Balance, balances, volumes
from narrowgate_rules.figures.parking import Listened, ParkingFigures, Stays, parking_figures

__all__ = ["Balance", "Listened", "ParkingFigures", "Stays", "balances", "parking_figures", "volumes"]
