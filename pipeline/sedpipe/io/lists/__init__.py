"""Lists of clips, labels and events as text files; a broken row is named by file, line and value."""
