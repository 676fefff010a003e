"""A ReLU network: its training, its conversion to a spiking one."""
