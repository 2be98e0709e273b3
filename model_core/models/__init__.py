"""Model packages: weights with their card, and where they are found."""
