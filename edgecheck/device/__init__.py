"""What a device hands over: dumps of its tensors."""
