"""What a user may ask, one function each, and the views. Speaks values; prints nothing and parses no argv."""
