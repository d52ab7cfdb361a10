"""Parts of deliver.py."""
