"""What is shown while something long runs."""
