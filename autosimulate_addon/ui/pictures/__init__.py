"""Pictures made of NumPy arrays, and the icons that show them in a layout."""
