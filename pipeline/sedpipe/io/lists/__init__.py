"""Lists of clips, labels and events as text files; errors name the file, line and value of a malformed row."""
