"""Tables: each function takes Results and gives a Table of texts and the numbers behind them."""
