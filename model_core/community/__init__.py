"""What people give back: contributions, their intake, and the releases of the model that grow out of them."""
