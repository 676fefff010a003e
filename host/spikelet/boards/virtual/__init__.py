"""Run boards without hardware."""
