"""The stage in memory: the real tracker and persistence on a hand-moved clock, between stand-ins for the others."""
