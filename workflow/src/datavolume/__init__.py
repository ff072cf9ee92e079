"""How much training data is enough?

The rooms, left to right; each imports only rooms to its left:
study -> data -> models -> training -> analysis -> artefacts.
"""

__version__ = "0.1.0"
