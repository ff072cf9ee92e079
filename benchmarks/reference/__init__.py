"""The yardstick: a script of its own; nothing here knows of datavolume."""
