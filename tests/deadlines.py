"""How long a test waits for what must come, before it says what did not."""

WITHIN_S = 45.0
"""Beyond any pause of a busy machine: a test that waits so long has found a fault.

What users are promised within a time is not waited for with this.
"""
