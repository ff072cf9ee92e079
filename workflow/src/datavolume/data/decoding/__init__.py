"""Parts of an encoded image: the header of a JPEG, its rows, and whole images by the libraries that decode them."""
