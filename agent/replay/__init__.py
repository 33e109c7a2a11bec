"""A run again from its log: recorded servers, recorded models, and the first thing that is not as it was."""
