"""Film nights: scheduled events that start and end with their film."""
