"""What the runs say beyond themselves: how much is needed, what more data would bring, what to do next."""
