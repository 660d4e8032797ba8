"""The signatures of exported models: their names, inputs and outputs, and the functions that compute them."""
