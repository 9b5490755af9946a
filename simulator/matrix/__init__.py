"""The kill matrix: short nights at speed in which real processes are killed, held against a ledger of the truth."""
