"""A ReLU network, trained and made spiking."""
