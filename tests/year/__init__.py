"""A simulated year of a trading centre on real servers, and the laws that must hold at its end."""
