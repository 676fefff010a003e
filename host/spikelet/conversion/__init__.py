"""Float network to integer network: quantisation, weight storage, drift."""
