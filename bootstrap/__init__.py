"""Set-up by itself: run by the system's Python, standard library only, before there is a virtual environment."""
