"""What is done to training images, each a pure function of the image and of a key: draws, geometry, pixels, mixing."""
