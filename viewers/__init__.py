"""Who a viewer is, which records are one watch, and what others may see. Pure rules."""
