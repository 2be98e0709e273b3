"""What leaves the program: labels in every format, tables, pictures, reports."""
