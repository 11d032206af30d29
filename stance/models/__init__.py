"""The models behind one protocol; what each one is, says its module."""
