"""Networks by name: our own small ones and every classifier of torchvision."""
