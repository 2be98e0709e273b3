"""Every file that other programs read or write."""
