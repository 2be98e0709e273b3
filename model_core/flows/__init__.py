"""Labels to flows and back."""
