"""Random nights in which processes of the service are killed: `make faults`."""
