"""What is done with a trained model: encoding, sampling, scoring, and files of it."""
