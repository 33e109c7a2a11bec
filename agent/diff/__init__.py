"""Two runs side by side: what they were asked and set up with, what they were shown, and what they came to."""
