"""Film nights for tests: one script language, one ledger of truth, three stages."""
