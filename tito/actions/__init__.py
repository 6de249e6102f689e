"""What the commands do, as typed functions. Nothing here prints."""
