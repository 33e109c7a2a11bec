"""Many runs."""

AGAIN = "run the same command again: it goes on where it stopped"
