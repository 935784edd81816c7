"""The nets, as torch modules: tensors only, no files."""
